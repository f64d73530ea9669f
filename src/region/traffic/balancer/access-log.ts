/**
 * A line of an access log, in the order of the documentation, and the file that a node collects its lines in.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
 */
import type { Clock, Timer } from '../../clock/clock.ts';

/** One request, when it is over. Times are model ms. */
export interface AccessEntry {
  readonly type: 'http' | 'https' | 'ws' | 'wss';
  /** `app/my-loadbalancer/50dc6c495c0c9188` */
  readonly balancer: string;
  readonly client: Place;
  /** Whom it was given to, whether that answered or not. */
  readonly target?: Place;
  readonly arrivedMs: number;
  readonly sentMs?: number | undefined;
  readonly answeredMs?: number | undefined;
  readonly endedMs: number;
  /** Model ms per ms that a target takes. */
  readonly timeScale: number;
  readonly status: number;
  readonly targetStatus?: number | undefined;
  /** Heads included. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Undefined: no request could be read. */
  readonly request?: { readonly method: string; readonly url: string; readonly version: string };
  /** As the client named it, or the node's own address; with the listener's port. */
  readonly host: string;
  readonly port: number;
  readonly userAgent?: string | undefined;
  readonly tls?: TlsFacts | undefined;
  readonly targetGroupArn?: string;
  readonly traceId?: string;
  /** 0: the default rule. Undefined: none was asked. */
  readonly rulePriority?: number;
  readonly action?: 'forward' | 'redirect' | 'fixed-response';
  readonly redirectUrl?: string;
  /** Of the client's connection. */
  readonly connectionId: string;
}

interface Place {
  readonly address: string;
  readonly port: number;
}

export interface TlsFacts {
  readonly cipher: string;
  readonly protocol: string;
  readonly serverName: string | undefined;
  readonly certificateArn: string | undefined;
}

const longestUserAgent = 8 * 1024;

export function accessLine(entry: AccessEntry): string {
  const { arrivedMs, sentMs, answeredMs, timeScale, request, tls, target, targetStatus } = entry;
  const scheme = entry.type === 'https' || entry.type === 'wss' ? 'https' : 'http';
  const at = `${scheme}://${entry.host}:${entry.port}`;
  const targetAt = place(target);
  return [
    entry.type,
    time(entry.endedMs),
    entry.balancer,
    place(entry.client),
    targetAt,
    // From -1 on all are: what did not come about took no time.
    seconds(timeScale, arrivedMs, sentMs),
    seconds(timeScale, sentMs, answeredMs),
    // The head goes on to the client in the turn of the loop in which it came.
    seconds(timeScale, answeredMs, answeredMs),
    entry.status,
    targetStatus ?? '-',
    entry.bytesIn,
    entry.bytesOut,
    quoted(request ? `${request.method} ${at}${pathOf(request.url)} HTTP/${request.version}` : `- ${at}- -`),
    quoted(entry.userAgent?.slice(0, longestUserAgent)),
    tls?.cipher ?? '-',
    tls?.protocol ?? '-',
    entry.targetGroupArn ?? '-',
    quoted(entry.traceId),
    quoted(tls?.serverName),
    quoted(tls?.certificateArn),
    entry.rulePriority ?? '-',
    time(arrivedMs),
    quoted(entry.action),
    quoted(entry.redirectUrl),
    quoted(undefined), // error_reason: of authentication, WAF and Lambda
    quoted(target && targetAt),
    quoted(target && String(targetStatus ?? '-')),
    quoted(undefined), // classification: what is ambiguous is not forwarded
    quoted(undefined), // classification_reason
    entry.connectionId,
    quoted(undefined), // transformed_host
    quoted(undefined), // transformed_uri
    quoted(undefined), // request_transform_status
  ].join(' ');
}

/** An absolute request target has the host in it already. */
function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/?#]*/i, '');
}

function place(at: Place | undefined): string {
  if (!at) return '-';
  return at.address.includes(':') ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`;
}

/** With microseconds, as AWS writes them. */
function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}

function seconds(timeScale: number, fromMs: number | undefined, toMs: number | undefined): string {
  return fromMs === undefined || toMs === undefined ? '-1' : (Math.max(0, toMs - fromMs) / 1000 / timeScale).toFixed(3);
}

/** What would end the field or the line, or is not ASCII, is written as `\x22`. */
function quoted(text: string | undefined): string {
  if (text === undefined || text === '') return '"-"';
  const escaped = text.replace(
    /[^\x20-\x7e]|["\\]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return `"${escaped}"`;
}

const everyMs = 5 * 60_000;
/** Under much traffic there are several files for the same five minutes, as on AWS. */
const largestFile = 4 * 1024 * 1024;

/** Collects the lines of one node. Nothing is done while there are none. */
export class AccessLogFile {
  readonly #clock: Clock;
  readonly #deliver: (text: string, endMs: number) => void;
  #lines: string[] = [];
  #length = 0;
  /** Of the five minutes that the lines are of. */
  #endMs = 0;
  #timer: Timer | undefined;

  /** @param deliver takes a file's text, and the end of the five minutes that it is of */
  constructor(clock: Clock, deliver: (text: string, endMs: number) => void) {
    this.#clock = clock;
    this.#deliver = deliver;
  }

  add(entry: AccessEntry): void {
    // A busy process's timer is late.
    if (this.#timer && entry.endedMs >= this.#endMs) this.flush();
    const line = accessLine(entry);
    this.#lines.push(line);
    this.#length += line.length + 1;
    if (!this.#timer) {
      const nowMs = this.#clock.now();
      this.#endMs = (Math.floor(nowMs / everyMs) + 1) * everyMs;
      this.#timer = this.#clock.after(this.#endMs - nowMs, () => this.flush());
    }
    if (this.#length >= largestFile) this.flush();
  }

  /** Delivers what there is. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join('\n')}\n`;
    this.#lines = [];
    this.#length = 0;
    this.#deliver(text, this.#endMs);
  }
}
