/**
 * What Mermaid would stumble over, in words: its parser is too large to be a dependency of the tests. Each line must be one
 * of the few forms that were seen drawn, by Mermaid 11 as on GitHub.
 */

const text = '"(?:[^#"<>&`\\\\*_~@%[\\]{}|$!;\\n]|#\\d+;|<br>)+"';
const id = 'n_\\w+';
const colour = '#[0-9A-F]{6}';
const style = `(?:fill:none|stroke:(?:none|${colour})|stroke-width:\\dpx|stroke-dasharray:\\d \\d|opacity:0\\.5)`;
const forms = {
  subgraph: new RegExp(`^subgraph (${id})\\[${text}\\]$`),
  end: /^end$/,
  direction: /^direction LR$/,
  node: new RegExp(`^(${id})\\[${text}\\]$`),
  arrow: new RegExp(`^(${id}) (?:<-->|--x|-\\.->|-->)(?:\\|${text}\\|)? (${id})$`),
  classDef: new RegExp(`^classDef (\\w+) ${style}(?:,${style})*$`),
  class: new RegExp(`^class (${id}(?:,${id})*) (\\w+)$`),
  linkStyle: new RegExp(`^linkStyle (\\d+(?:,\\d+)*) stroke:${colour}$`),
};
/** Words of Mermaid's own that a class may not be called. */
const reserved = [
  'default',
  'end',
  'style',
  'click',
  'graph',
  'subgraph',
  'direction',
  'class',
  'linkStyle',
  'href',
  'call',
];

export function mermaidProblems(chart: string): string[] {
  const [head, ...lines] = chart.trimEnd().split('\n');
  const found = head === 'flowchart TB' ? [] : [`begins with ${head}`];
  const nodes = new Set<string>();
  const classes = new Set<string>();
  const open: { id: string; filled: boolean }[] = [];
  let arrows = 0;
  const declared = (name: string, line: string) => {
    if (nodes.has(name)) found.push(`declared twice: ${line}`);
    nodes.add(name);
    for (const one of open) one.filled = true;
  };
  for (const line of lines.map((one) => one.trim())) {
    const [form, match] = matched(line) ?? [];
    if (form === undefined || !match) {
      found.push(`of no form: ${line}`);
      continue;
    }
    const [, first = '', second = ''] = match;
    if (form === 'subgraph') {
      declared(first, line);
      open.push({ id: first, filled: false });
    } else if (form === 'end') {
      const closed = open.pop();
      if (!closed?.filled) found.push(`closes nothing, or what is empty: ${closed?.id}`);
    } else if (form === 'node') declared(first, line);
    else if (form === 'arrow') {
      arrows++;
      if (open.some((one) => one.id === first || one.id === second)) found.push(`leads into what it is in: ${line}`);
      for (const end of [first, second]) if (!nodes.has(end)) found.push(`joins what is not there: ${line}`);
    } else if (form === 'classDef') {
      classes.add(first);
      if (reserved.includes(first)) found.push(`a word of Mermaid's: ${first}`);
    } else if (form === 'class') {
      if (!classes.has(second)) found.push(`is of no class: ${line}`);
      for (const one of first.split(',')) if (!nodes.has(one)) found.push(`styles what is not there: ${one}`);
    } else if (form === 'linkStyle') {
      for (const one of first.split(',')) if (Number(one) >= arrows) found.push(`styles no arrow: ${one}`);
    }
  }
  return [...found, ...open.map((one) => `not closed: ${one.id}`)];
}

function matched(line: string): [keyof typeof forms, RegExpExecArray] | undefined {
  for (const [form, expression] of Object.entries(forms) as [keyof typeof forms, RegExp][]) {
    const match = expression.exec(line);
    if (match) return [form, match];
  }
  return undefined;
}
