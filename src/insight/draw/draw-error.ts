/** Why there is no picture, in words for the one who asked for it. */
export class DrawError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DrawError';
  }
}
