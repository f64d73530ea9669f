import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect, it } from 'vitest';
import { cert, key } from '../certificate.fixture.ts';
import { balancerOf, groupOf, listenerOf, setUp } from './balancer/balancer.fixture.ts';

const names = ['ip-10-0-10-30.ec2.internal'];

it.each([names[0], 'another.example', undefined])(
  'shows its certificate to a client that asks for %s',
  async (name) => {
    const { connect: dial } = await setUp(
      balancerOf({ ...listenerOf(groupOf('api')), protocol: 'HTTPS', certificates: [{ cert, key, names }] }),
      (_, response) => void response.end('hello'),
    );
    const secure = connect({
      socket: await dial(),
      ca: cert,
      checkServerIdentity: () => undefined,
      servername: name ?? '',
    });
    secure.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const [answer] = await once(secure, 'data');
    expect(String(answer)).toContain('200 OK');
    expect(secure.getPeerCertificate().subject.CN).toBe(names[0]);
    expect(secure.authorized).toBe(true);
  },
);
