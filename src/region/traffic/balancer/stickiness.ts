/** Stickiness by the balancer's own cookie: `AWSALB`, and `AWSALBCORS` for requests from other origins. */
import type { Clock } from '../../clock/clock.ts';
import type { TargetConfig, TargetGroupConfig } from './config.ts';

const none: readonly string[] = [];
const cookieForm = /(?:^|;\s*)AWSALB=([^;]+)/;

/** The target that the request's cookie binds it to, while it lasts. */
export function stickyTarget(
  { stickiness }: TargetGroupConfig,
  cookies: string | undefined,
  clock: Pick<Clock, 'now'>,
): string | undefined {
  if (!stickiness || cookies === undefined) return undefined;
  const value = cookies.match(cookieForm)?.[1];
  if (!value) return undefined;
  const [id, untilMs] = Buffer.from(value, 'base64url').toString('utf8').split(' ');
  return Number(untilMs) > clock.now() ? id : undefined;
}

/** Raw header pairs for the answer; the cookie's life starts anew with each. */
export function stickyCookies(
  { stickiness }: TargetGroupConfig,
  target: TargetConfig,
  nowMs: number,
): readonly string[] {
  if (!stickiness) return none;
  const untilMs = nowMs + stickiness.durationMs;
  const value = Buffer.from(`${target.id} ${untilMs}`).toString('base64url');
  const expires = new Date(nowMs + 7 * 86_400_000).toUTCString();
  return [
    'Set-Cookie',
    `AWSALB=${value}; Expires=${expires}; Path=/`,
    'Set-Cookie',
    `AWSALBCORS=${value}; Expires=${expires}; Path=/; SameSite=None; Secure`,
  ];
}
