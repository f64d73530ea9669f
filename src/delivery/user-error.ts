/** A mistake of the user's, or something of theirs that is missing: what was wrong, and the likely fix. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly fix: string | undefined;
  constructor(message: string, fix?: string) {
    super(message);
    this.fix = fix;
  }
}
