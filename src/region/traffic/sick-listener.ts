/** Answers health checks in the place of an instance that is to be sick: 503, as an application does that says so itself. */
import type { Duplex } from 'node:stream';
import type { LocalListener } from './fabric.ts';

const answer = 'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export const sickListener: LocalListener = {
  kind: 'local',
  accept(socket: Duplex) {
    socket.on('error', () => socket.destroy());
    // Whatever is asked, and once.
    socket.once('data', () => socket.end(answer));
  },
  http(_request, response) {
    response.writeHead(503, { connection: 'close' }).end();
  },
  upgrade: (_request, socket) => void socket.end(answer),
};
