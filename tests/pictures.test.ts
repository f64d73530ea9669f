import { expect, test } from 'vitest';
import { currentPicture, pictureFiles, pictureText } from '../scripts/pictures.ts';

test.each(pictureFiles)('%s is what `orrery draw` draws; if not: npm run pictures', async (file) => {
  expect(currentPicture(file)).toBe(await pictureText(file));
});
