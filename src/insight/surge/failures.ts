/** Why a request has no answer, in words: the same for a real client and for one of the model's. */

export const failures = {
  timeout: 'timeout',
  refused: 'connection refused',
  reset: 'connection reset',
  connectTimeout: 'connection timeout',
  noSuchName: 'name not found',
  other: 'connection failed',
  malformed: 'malformed answer',
  /** More were in flight than this sender may have. */
  notSent: 'not sent',
  /** The surge was ended while it was under way. */
  interrupted: 'interrupted',
} as const;

const ofCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: failures.refused,
  ECONNRESET: failures.reset,
  EPIPE: failures.reset,
  UND_ERR_SOCKET: failures.reset,
  UND_ERR_CONNECT_TIMEOUT: failures.connectTimeout,
  ETIMEDOUT: failures.connectTimeout,
  ENOTFOUND: failures.noSuchName,
};

export function connectionFailure(error: Error & { code?: string }): string {
  const { code = '' } = error;
  if (code.startsWith('HPE_')) return failures.malformed;
  return ofCode[code] ?? (code === '' ? failures.other : `${failures.other} (${code})`);
}

/** What the front door's own answer stands for: 504 for packets that are dropped, 502 for a port where nobody listens. */
export function doorFailure(status: number): string {
  if (status === 504) return failures.connectTimeout;
  if (status === 502) return failures.refused;
  return status === 421 ? failures.noSuchName : failures.other;
}
