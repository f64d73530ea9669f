/** Stickiness by the balancer's own cookie: `AWSALB`, and `AWSALBCORS` for requests from other origins. */
import type { TargetConfig, TargetGroupConfig } from './config.ts';

const cookieForm = /(?:^|;\s*)AWSALB=([^;]+)/;

/** The target that the request's cookie binds it to, while it lasts. */
export function stickyTarget(
  { stickiness }: TargetGroupConfig,
  cookies: string | undefined,
  nowMs: number,
): string | undefined {
  const value = stickiness && cookies?.match(cookieForm)?.[1];
  if (!value) return undefined;
  const [id, untilMs] = Buffer.from(value, 'base64url').toString('utf8').split(' ');
  return Number(untilMs) > nowMs ? id : undefined;
}

/** Raw header pairs for the answer; the cookie's life starts anew with each. */
export function stickyCookies({ stickiness }: TargetGroupConfig, target: TargetConfig, nowMs: number): string[] {
  if (!stickiness) return [];
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
