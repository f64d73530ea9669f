/** The contestants: nginx and HAProxy before the same Node server, and that server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { find, freePort, listens, type Running, start, temporaryFolder } from './processes.ts';

export interface Server {
  readonly url: string;
  end(): Promise<void>;
}

/** The server behind every balancer. */
export async function nodeServer(source: string): Promise<Server & { readonly port: number }> {
  const port = await freePort();
  const server = start(process.execPath, ['-e', source.replace('listen(8080)', `listen(${port}, '127.0.0.1')`)]);
  return { ...(await ready(server, port)), port };
}

/** Undefined where it is not installed. */
export async function nginx(upstream: number, cache: boolean): Promise<Server | undefined> {
  const program = find('nginx');
  if (program === undefined) return undefined;
  const folder = temporaryFolder();
  const port = await freePort();
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `${process.getuid?.() === 0 ? 'user root; ' : ''}worker_processes 1; daemon off; pid ${join(folder, 'pid')}; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; ${paths.join(' ')}
  ${cache ? `proxy_cache_path ${join(folder, 'cache')} keys_zone=pages:10m;` : ''}
  upstream api { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://api; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      ${cache ? 'proxy_cache pages; proxy_cache_valid 200 1h; add_header X-Cache $upstream_cache_status;' : ''}
    }
  }
}
`,
  );
  return ready(start(program, ['-p', folder, '-c', join(folder, 'nginx.conf')]), port);
}

/** Undefined where it is not installed. */
export async function haproxy(upstream: number): Promise<Server | undefined> {
  const program = find('haproxy');
  if (program === undefined) return undefined;
  const folder = temporaryFolder();
  const port = await freePort();
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global
  nbthread 1
defaults
  mode http
  option forwardfor
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind 127.0.0.1:${port}
  default_backend api
backend api
  server one 127.0.0.1:${upstream}
`,
  );
  return ready(start(program, ['-f', join(folder, 'haproxy.cfg'), '-db']), port);
}

/** Undefined where it is not installed. */
export async function moto(): Promise<Server | undefined> {
  const program = find('moto_server');
  if (program === undefined) return undefined;
  const port = await freePort();
  return ready(start(program, ['-H', '127.0.0.1', '-p', String(port)]), port);
}

async function ready(server: Running, port: number): Promise<Server> {
  try {
    await listens(port);
  } catch (error) {
    throw new Error(`${String(error)}\n${server.output()}`);
  }
  return { url: `http://127.0.0.1:${port}`, end: () => server.end() };
}
