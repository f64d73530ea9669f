/**
 * How wide a text is drawn. Which font a viewer has is unknown, so widths are of DejaVu Sans, the widest of those that
 * stand for `sans-serif`: what fits in it fits in Arial and Helvetica too.
 */

/** Of ASCII from the space on, in thousandths of the font's size. */
const regular = widths(
  '318,401,460,838,636,950,780,275,390,390,500,838,318,361,318,337,636,636,636,636,636,636,636,636,636,636,337,337,838,' +
    '838,838,531,1000,684,686,698,770,632,575,775,752,295,295,656,557,863,748,787,603,787,695,635,611,732,684,989,685,' +
    '611,685,390,337,390,838,500,500,613,635,550,635,615,352,635,634,278,278,579,278,974,634,612,635,635,411,521,392,' +
    '634,592,818,592,592,525,636,337,636,838',
);
const bold = widths(
  '348,456,521,838,696,1002,872,306,457,457,523,838,380,415,380,365,696,696,696,696,696,696,696,696,696,696,400,400,838,' +
    '838,838,580,1000,774,762,734,830,683,683,821,837,372,372,775,637,995,837,850,733,850,770,720,682,812,774,1103,771,' +
    '724,725,457,365,457,838,500,500,675,716,593,716,678,435,716,712,343,343,665,343,1042,712,687,716,716,493,595,478,' +
    '712,652,924,645,652,582,712,365,712,838',
);

function widths(text: string): readonly number[] {
  return text.split(',').map(Number);
}

export interface Face {
  /** In pixels. */
  readonly size: number;
  readonly bold?: boolean;
}

/** In pixels. */
export function textWidth(text: string, face: Face): number {
  const table = face.bold ? bold : regular;
  let thousandths = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    // Scripts of wide characters take their full size; accented letters no more than the widest of the plain ones.
    thousandths += table[code - 32] ?? (code === 0x2013 ? 500 : code > 0x2e7f ? 1_000 : 840);
  }
  return Math.ceil((thousandths * face.size) / 1_000);
}

const ellipsis = '…';

/** Cut in the middle where it is too long: ids of generated templates differ at their ends. */
export function shortened(text: string, width: number, face: Face): string {
  if (textWidth(text, face) <= width) return text;
  const characters = [...text];
  for (let kept = characters.length - 1; kept > 0; kept--) {
    const head = Math.ceil(kept * 0.6);
    const cut = `${characters.slice(0, head).join('')}${ellipsis}${characters.slice(characters.length - (kept - head)).join('')}`;
    if (textWidth(cut, face) <= width) return cut;
  }
  return ellipsis;
}

/** At spaces; a word that is too long is cut, and so is what does not fit on the last line. */
export function wrapped(text: string, width: number, face: Face, mostLines = 99): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((one) => one !== '')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && textWidth(longer, face) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  const kept = lines.slice(0, mostLines);
  const rest = lines.slice(mostLines).join(' ');
  if (rest !== '') kept[mostLines - 1] = `${kept[mostLines - 1]} ${rest}`;
  return kept.map((line, index) =>
    index === kept.length - 1 && rest !== '' ? cutEnd(line, width, face) : shortened(line, width, face),
  );
}

function cutEnd(text: string, width: number, face: Face): string {
  const characters = [...text];
  while (characters.length > 0) {
    const cut = `${characters.join('').trimEnd().replace(/,$/, '')}${ellipsis}`;
    if (textWidth(cut, face) <= width) return cut;
    characters.pop();
  }
  return ellipsis;
}
