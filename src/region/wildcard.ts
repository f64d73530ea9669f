/** Texts with wildcards, as policies have them, for those who compare what was seen with what is written. */
export { matches, wildcard } from './pattern/wildcard.ts';
