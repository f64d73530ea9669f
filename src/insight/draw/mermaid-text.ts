/** Texts of a Mermaid diagram: labels that no name breaks, and names that are no wider than a node. */

/** Characters of a word: Mermaid breaks lines at spaces only. */
const longestWord = 32;
/** Of a list of resources. */
const mostNames = 4;

/**
 * Mermaid has entity codes with a number sign. Labels are read as Markdown, where a list, a link, an address or a URL is
 * refused or changed, and `%%{` begins a directive even within quotes.
 * https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
 */
export function escapedText(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ')
    .replace(/[#"<>&`\\*_~@%[\]{}|$!;]|^[-+=]|:(?=\/\/)|(?<=^\d+)[.)](?=\s)|(?<=\bwww)\./gi, code);
}

function code(character: string): string {
  return `#${character.codePointAt(0)};`;
}

/** A list of names is cut after some, a name in its middle: ids of generated templates differ at their ends. */
export function fittedName(name: string): string {
  const names = name.split(', ');
  const shown =
    names.length > mostNames + 1 ? [...names.slice(0, mostNames), `and ${names.length - mostNames} more`] : names;
  return shown
    .map((one) => one.split(' ').map(fittedWord).join(' '))
    .join(', ')
    .replace(/, (and \d+ more)$/, ' $1');
}

function fittedWord(word: string): string {
  const characters = [...word];
  if (characters.length <= longestWord) return word;
  const tail = Math.floor(longestWord / 2);
  return `${characters.slice(0, longestWord - tail - 1).join('')}…${characters.slice(-tail).join('')}`;
}
