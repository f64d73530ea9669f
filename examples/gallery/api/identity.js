/**
 * Which machine this is: its instance id and zone, from the instance metadata service (IMDSv2), or the host's name
 * where there is none.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
 */
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';

const answerWithinMs = 1000;
const askAgainMs = 30_000;
/** A lookup needs one request; the token is not kept. */
const tokenSeconds = '60';

/**
 * @typedef {{ instanceId: string, zone: string, instanceType: string | null, source: 'imds' | 'hostname' }} Identity
 */

/**
 * Who this is, as far as known, and a way to ask. A machine whose metadata service was not ready yet finds out when it is
 * asked, not more often than every 30 s.
 * @param {NodeJS.ProcessEnv} env
 */
export async function machineIdentity(env) {
  let known = await lookUpIdentity(env);
  let askedAt = performance.now();
  return {
    known: () => known,
    async ask() {
      if (known.source === 'hostname' && performance.now() - askedAt > askAgainMs) {
        askedAt = performance.now();
        known = await lookUpIdentity(env);
      }
      return known;
    },
  };
}

/**
 * Never throws: a machine without metadata still serves.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Identity>}
 */
async function lookUpIdentity(env) {
  const unknown = {
    instanceId: hostname(),
    zone: 'no-zone',
    instanceType: null,
    source: /** @type {const} */ ('hostname'),
  };
  if (env.AWS_EC2_METADATA_DISABLED === 'true') return unknown;
  const endpoint = (env.AWS_EC2_METADATA_SERVICE_ENDPOINT || 'http://169.254.169.254').replace(/\/+$/, '');
  try {
    const token = await text(`${endpoint}/latest/api/token`, {
      method: 'PUT',
      headers: { 'x-aws-ec2-metadata-token-ttl-seconds': tokenSeconds },
    });
    const read = (/** @type {string} */ path) =>
      text(`${endpoint}/latest/meta-data/${path}`, { headers: { 'x-aws-ec2-metadata-token': token } });
    const [instanceId, zone, instanceType] = await Promise.all([
      read('instance-id'),
      read('placement/availability-zone'),
      read('instance-type'),
    ]);
    return { instanceId: headerSafe(instanceId), zone: headerSafe(zone), instanceType, source: 'imds' };
  } catch {
    return unknown;
  }
}

/** @param {string} url @param {RequestInit} request */
async function text(url, request) {
  const response = await fetch(url, { ...request, redirect: 'error', signal: AbortSignal.timeout(answerWithinMs) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return (await response.text()).trim();
}

/** Both go into a response header. @param {string} value */
function headerSafe(value) {
  return value.replace(/[^\w.-]/g, '').slice(0, 64);
}
