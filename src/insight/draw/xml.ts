/** Text in XML. */
export function escaped(text: string): string {
  return (
    text
      // Not even as references are these characters allowed: https://www.w3.org/TR/xml/#charsets
      // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/&/g, '&amp;')
      .replace(/</g, '&lt;')
      .replace(/>/g, '&gt;')
      .replace(/"/g, '&quot;')
  );
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;

export function attributes(given: Attributes): string {
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join('');
}

/** `children` are XML already. */
export function element(name: string, given: Attributes, children = ''): string {
  return children === '' ? `<${name}${attributes(given)}/>` : `<${name}${attributes(given)}>${children}</${name}>`;
}
