/**
 * Whether a request for Orrery's additions was meant for this machine. They take no signature, and a web page that
 * somebody visits can send requests to 127.0.0.1: from its own origin, which the browser names, or (DNS rebinding) by a
 * name of its own that has come to mean 127.0.0.1, which is then the host.
 */
import type { IncomingHttpHeaders } from 'node:http';

/** Why not; undefined: it was. */
export function foreign({ host = '', origin }: IncomingHttpHeaders): string | undefined {
  if (!isOfThisMachine(`http://${host}`)) {
    return `The request was for the host "${shortened(host)}": Orrery's additions are there for 127.0.0.1, [::1], localhost and names under .localhost alone.`;
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    return `The request comes from a page of "${shortened(origin)}": Orrery's additions are not for web pages. Ask from a program, or by the command: orrery fault.`;
  }
  return undefined;
}

function isOfThisMachine(url: string): boolean {
  if (!URL.canParse(url)) return false;
  return /^(127\.\d+\.\d+\.\d+|\[::1\]|localhost|.+\.localhost)$/.test(new URL(url).hostname);
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}
