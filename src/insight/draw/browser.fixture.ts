/** The browser that tests look at pages and pictures with, where one is installed. */
import { findBrowser } from './png.ts';

export const browser = findBrowser();
if (browser === undefined)
  console.warn('The tests that need a browser are skipped: install Chromium (apt install chromium).');
