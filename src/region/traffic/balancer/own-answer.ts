/**
 * What the balancer answers by itself: nginx's pages under ALB's name.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html#load-balancer-http-error-codes
 */
import type { ServerResponse } from 'node:http';

const titles: Readonly<Record<number, string>> = {
  301: 'Moved Permanently',
  302: 'Found',
  400: 'Bad Request',
  405: 'Not Allowed',
  408: 'Request Time-out',
  414: 'Request-URI Too Large',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Temporarily Unavailable',
  504: 'Gateway Time-out',
  505: 'HTTP Version Not Supported',
};

/** After these, what else the client sends on the connection cannot be told from what it was wrong about. */
const closing = new Set([400, 408, 414, 501, 505]);

function pageOf(status: number): string {
  const title = `${status} ${titles[status] ?? ''}`.trim();
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}

/** Returns how many bytes it sends, head included. */
export function answerOwn(response: ServerResponse, status: number, headers: readonly string[] = []): number {
  const body = pageOf(status);
  const pairs = [
    'Server',
    'awselb/2.0',
    'Content-Type',
    'text/html',
    'Content-Length',
    String(Buffer.byteLength(body)),
    ...headers,
    ...(closing.has(status) ? ['Connection', 'close'] : []),
  ];
  response.writeHead(status, titles[status] ?? '', pairs);
  response.end(body);
  return answerBytes(status, pairs) + body.length;
}

/** Of the head of an answer with these headers, and with those that every answer has besides. */
export function answerBytes(status: number, pairs: readonly string[]): number {
  const line = `HTTP/1.1 ${status} ${titles[status] ?? ''}`;
  const always = 'Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: keep-alive\r\n\r\n';
  return line.length + 2 + pairs.reduce((sum, part) => sum + part.length + 2, 0) + always.length;
}

/** The same for a connection on which no request could be read. */
export function ownAnswerBytes(status: number, date: Date): string {
  const body = pageOf(status);
  return (
    `HTTP/1.1 ${status} ${titles[status] ?? ''}\r\nServer: awselb/2.0\r\nDate: ${date.toUTCString()}\r\n` +
    `Content-Type: text/html\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
  );
}

/** What a request that Node's strict parser refuses is answered. Ambiguous ones are refused too, never forwarded. */
export function statusOfMalformed(error: Error): number {
  const code = 'code' in error ? error.code : undefined;
  if (code === 'HPE_INVALID_VERSION' || code === 'HPE_PAUSED_H2_UPGRADE') return 505;
  // Next to a Content-Length it is ambiguous; alone it is an encoding that ALB does not know.
  if (code === 'HPE_INVALID_TRANSFER_ENCODING' && !error.message.includes('Content-Length')) return 501;
  return 400;
}
