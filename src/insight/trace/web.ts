/** URLs of the web as people write them. */

/** Without the port that goes without saying. */
export function webUrl(text: string): string {
  return URL.canParse(text) ? new URL(text).href : text;
}
