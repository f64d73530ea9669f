/** Why a resource could not be made, in its service's own words: without what CloudFormation writes around them. */

/** `Resource handler returned message: "… (Service: Ec2, …, Error Code: X)" (RequestToken: …)` is `… (X).` */
export function reasonText(reason: string): string {
  const said = /^(.*?)Resource handler returned message: "(.*)" \(RequestToken: .*\)$/s.exec(reason);
  const [, before = '', text = reason] = said ?? [];
  const [, words = text, code] = /^(.*?)\.? \(Service: .*Error Code: ([\w.]+)\)$/s.exec(text) ?? [];
  return sentence(`${before}${code === undefined ? words : `${words} (${code})`}`);
}

export function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
