/**
 * Preloaded (`NODE_OPTIONS=--require`) into every Node process of an instance. It puts the process onto the model's
 * network: a port it listens on becomes a free loopback port that the driver knows, a connection it makes is asked of
 * the driver, which asks `send`. The process sees the model's ports and addresses, and errors as on AWS.
 * It also ends the process when the driver has gone. Plain CommonJS without dependencies: it runs in the user's process.
 */
'use strict';

const dns = require('node:dns');
const dgram = require('node:dgram');
const net = require('node:net');
const os = require('node:os');
const { syncBuiltinESMExports } = require('node:module');

const setting = process.env.ORRERY_GUEST;
if (setting) install(JSON.parse(setting));

/** @param {{ port: number, token: string, imdsPort: number, direct: number[], lowPorts: boolean }} guest */
function install(guest) {
  const connectDirectly = net.Socket.prototype.connect;
  const listenDirectly = net.Server.prototype.listen;
  const lookupDirectly = dns.lookup;
  const driver = openLink(guest, connectDirectly);
  const direct = new Set([guest.port, guest.imdsPort, ...guest.direct]);
  const metadataAddresses = new Set(['169.254.169.254', 'fd00:ec2::254']);

  net.Socket.prototype.connect = function connect(...args) {
    const [options, callback] = socketArguments(args);
    // The same test as Node's: an empty path is none.
    if (options.path) return connectDirectly.apply(this, args);
    const port = Number(options.port);
    const host = options.host || 'localhost';
    // Linux takes the wildcard address for itself.
    const here = isLoopback(host) || host === '0.0.0.0' || host === '::';
    if (here && direct.has(port)) return connectDirectly.apply(this, args);
    // Node's own error.
    if (options.port == null || !(port >= 0 && port <= 65_535)) return connectDirectly.apply(this, args);
    if (typeof callback === 'function') this.once('connect', callback);
    const rewritten = (loopbackPort) => {
      const own = { ...options, host: '127.0.0.1', port: loopbackPort, family: 4 };
      delete own.lookup;
      delete own.localAddress;
      delete own.localPort;
      return own;
    };
    if (port === 80 && metadataAddresses.has(host)) return connectDirectly.call(this, rewritten(guest.imdsPort));
    // A socket may be connected again, to somewhere else.
    for (const name of ['remoteAddress', 'remotePort', 'remoteFamily']) delete this[name];
    this.connecting = true;
    const dial = (name) => {
      if (this.destroyed) return;
      const cancel = driver.ask({ ask: 'connect', host: name, port }, (answer) => {
        this.removeListener('close', cancel);
        if (this.destroyed) return;
        if (answer.code) {
          this.connecting = false;
          this.destroy(networkError('connect', answer.code, answer.address || name, port));
          return;
        }
        // What the process asks of its socket is the model's: the address it dialled.
        fix(this, 'remoteAddress', answer.address);
        fix(this, 'remotePort', port);
        fix(this, 'remoteFamily', net.isIPv6(answer.address) ? 'IPv6' : 'IPv4');
        connectDirectly.call(this, rewritten(answer.port));
      });
      this.once('close', cancel);
    };
    if (typeof options.lookup === 'function' && options.lookup !== dns.lookup && !net.isIP(host)) {
      options.lookup(host, { family: options.family || 0, hints: options.hints || 0 }, (error, address) => {
        if (error) this.destroy(error);
        else dial(Array.isArray(address) ? address[0].address : address);
      });
    } else dial(here ? '127.0.0.1' : host);
    return this;
  };

  /** Servers that wait for the driver's answer. */
  const binding = new Set();
  const closeDirectly = net.Server.prototype.close;

  net.Server.prototype.close = function close(callback) {
    if (!binding.delete(this)) return closeDirectly.call(this, callback);
    if (callback) this.once('close', callback);
    process.nextTick(() => this.emit('close'));
    return this;
  };

  net.Server.prototype.listen = function listen(...args) {
    const { options, callback } = serverArguments(args);
    const cluster = require('node:cluster');
    // A cluster's worker asks its primary, which comes through here itself.
    if (!options || cluster.isWorker) return listenDirectly.apply(this, args);
    const { port, host } = options;
    if (callback) this.once('listening', callback);
    if (port > 0 && port < 1024 && !guest.lowPorts) {
      process.nextTick(() => this.emit('error', networkError('listen', 'EACCES', host || '::', port)));
      return this;
    }
    binding.add(this);
    driver.ask({ ask: 'bind', host: host || '::', port }, (answer) => {
      // Closed meanwhile.
      if (!binding.delete(this)) return driver.tell({ tell: 'closed', port });
      if (answer.code) {
        this.emit('error', networkError('listen', answer.code, host || '::', port));
        return;
      }
      this.prependOnceListener('listening', () => {
        const real = this.address().port;
        const shown = port || real;
        driver.tell({ tell: 'listening', host: host || '::', port: shown, loopbackPort: real });
        const address = host && net.isIP(host) ? host : '::';
        const family = net.isIPv6(address) ? 'IPv6' : 'IPv4';
        // The handle is asked, by `address()` and by a cluster's workers.
        const handle = this._handle;
        handle.getsockname = (out) => {
          Object.assign(out, { address, family, port: shown });
          return 0;
        };
        this.once('close', () => {
          driver.tell({ tell: 'closed', port: shown });
        });
      });
      this.on('connection', driver.count);
      const own = { host: '127.0.0.1', port: 0, exclusive: options.exclusive, signal: options.signal };
      if (options.backlog) own.backlog = options.backlog;
      listenDirectly.call(this, own);
    });
    return this;
  };

  function answersOf(name, family, done) {
    driver.ask({ ask: 'lookup', name }, (answer) => {
      const wanted = (answer.addresses || []).filter((address) => !family || net.isIP(address) === family);
      if (answer.code || wanted.length === 0) done(lookupError(answer.code || 'ENOTFOUND', name));
      else done(null, wanted);
    });
  }

  dns.lookup = function lookup(name, given, done) {
    const callback = typeof given === 'function' ? given : done;
    const options = typeof given === 'number' ? { family: given } : typeof given === 'object' && given ? given : {};
    if (typeof callback !== 'function' || !name || net.isIP(name) || isLoopback(name)) {
      return lookupDirectly.call(dns, name, options, callback);
    }
    const family = options.family === 'IPv4' ? 4 : options.family === 'IPv6' ? 6 : options.family || 0;
    answersOf(String(name), family, (error, addresses) => {
      if (error) callback(error);
      else if (options.all)
        callback(
          null,
          addresses.map((address) => ({ address, family: net.isIP(address) })),
        );
      else callback(null, addresses[0], net.isIP(addresses[0]));
    });
    return {};
  };
  dns.promises.lookup = (name, options) =>
    new Promise((resolve, reject) => {
      const all = options && options.all;
      dns.lookup(name, options || {}, (error, address, family) => {
        if (error) reject(error);
        else resolve(all ? address : { address, family });
      });
    });
  const query = (family) => (name, options, done) => {
    const callback = typeof options === 'function' ? options : done;
    const ttl = typeof options === 'object' && options && options.ttl;
    answersOf(String(name), family, (error, addresses) => {
      if (error) callback(Object.assign(error, { syscall: family === 4 ? 'queryA' : 'queryAaaa' }));
      else callback(null, ttl ? addresses.map((address) => ({ address, ttl: 60 })) : addresses);
    });
  };
  const refused =
    (kind) =>
    (name, ...rest) => {
      const error = Object.assign(new Error(`query${kind} ENOTIMP ${name}: this kind of record is not modelled`), {
        code: 'ENOTIMP',
        syscall: `query${kind}`,
        hostname: name,
      });
      process.nextTick(rest[rest.length - 1], error);
    };
  const queries = { resolve4: query(4), resolve6: query(6) };
  for (const kind of ['Any', 'Caa', 'Cname', 'Mx', 'Naptr', 'Ns', 'Ptr', 'Soa', 'Srv', 'Txt']) {
    queries[`resolve${kind}`] = refused(kind);
  }
  queries.reverse = refused('Ptr');
  queries.resolve = (name, kind, done) => {
    if (typeof kind === 'function') return queries.resolve4(name, kind);
    if (kind === 'A') return queries.resolve4(name, done);
    if (kind === 'AAAA') return queries.resolve6(name, done);
    return refused(String(kind))(name, done);
  };
  for (const [name, ask] of Object.entries(queries)) {
    const promised = (...args) =>
      new Promise((resolve, reject) => ask(...args, (error, answer) => (error ? reject(error) : resolve(answer))));
    dns[name] = ask;
    dns.Resolver.prototype[name] = ask;
    dns.promises[name] = promised;
    dns.promises.Resolver.prototype[name] = promised;
  }

  // UDP leaves no connection to ask about: what would go out is refused, not let through.
  const sendDirectly = dgram.Socket.prototype.send;
  dgram.Socket.prototype.send = function send(...args) {
    const address = args.find((arg, index) => index > 0 && typeof arg === 'string');
    if (address === undefined || isLoopback(address)) return sendDirectly.apply(this, args);
    driver.tell({ tell: 'blocked', protocol: 'udp', host: address });
    const error = networkError('send', 'EHOSTUNREACH', address, 0, 'UDP is not modelled');
    const callback = args[args.length - 1];
    if (typeof callback === 'function') process.nextTick(callback, error);
    else process.nextTick(() => this.emit('error', error));
  };
  const connectDatagrams = dgram.Socket.prototype.connect;
  dgram.Socket.prototype.connect = function connect(port, address, callback) {
    if (typeof address !== 'string' || isLoopback(address)) return connectDatagrams.call(this, port, address, callback);
    driver.tell({ tell: 'blocked', protocol: 'udp', host: address });
    const error = networkError('connect', 'EHOSTUNREACH', address, port, 'UDP is not modelled');
    process.nextTick(() => (typeof callback === 'function' ? callback(error) : this.emit('error', error)));
  };
  syncBuiltinESMExports();
}

/** One connection to the driver: questions and answers as JSON lines. When it ends, so does this process. */
function openLink(guest, connectDirectly) {
  const socket = new net.Socket();
  const waiting = new Map();
  let nextId = 1;
  let text = '';
  let open = false;
  const quiet = () => {
    if (waiting.size === 0) socket.unref();
  };
  const gone = () => process.kill(process.pid, 'SIGKILL');
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    text += chunk;
    if (!open) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!text.startsWith('HTTP/1.1 101')) return gone();
      text = text.slice(end + 4);
      open = true;
    }
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n')) {
      const answer = JSON.parse(text.slice(0, end));
      text = text.slice(end + 1);
      const done = waiting.get(answer.id);
      waiting.delete(answer.id);
      quiet();
      if (done) done(answer);
    }
  });
  socket.on('error', gone);
  socket.on('close', gone);
  connectDirectly.call(socket, { host: '127.0.0.1', port: guest.port });
  socket.unref();
  const worker = !require('node:worker_threads').isMainThread;
  socket.write(
    `GET /guest HTTP/1.1\r\nHost: driver\r\nConnection: Upgrade\r\nUpgrade: orrery-guest\r\n` +
      `Authorization: Bearer ${guest.token}\r\nOrrery-Pid: ${process.pid}\r\nOrrery-Worker: ${worker}\r\n\r\n`,
  );

  const sockets = new Set();
  const past = { in: 0, out: 0 };
  const told = { in: 0, out: 0 };
  function report() {
    const now = { ...past };
    for (const one of sockets) {
      now.in += one.bytesRead;
      now.out += one.bytesWritten;
    }
    if (now.in === told.in && now.out === told.out) return;
    Object.assign(told, now);
    send({ tell: 'traffic', ...now });
  }
  const send = (message) => socket.write(`${JSON.stringify(message)}\n`);
  let reporting = false;
  return {
    ask(question, done) {
      const id = nextId++;
      waiting.set(id, done);
      socket.ref();
      send({ id, ...question });
      return () => {
        if (!waiting.delete(id)) return;
        send({ tell: 'cancel', ask: id });
        quiet();
      };
    },
    tell: send,
    /** Adds a served connection to what is counted. */
    count(connection) {
      if (!reporting) setInterval(report, 1000).unref();
      reporting = true;
      sockets.add(connection);
      connection.once('close', () => {
        sockets.delete(connection);
        past.in += connection.bytesRead;
        past.out += connection.bytesWritten;
      });
    },
  };
}

function socketArguments(args) {
  // `net.connect` hands over an array that is normalised already.
  if (Array.isArray(args[0])) return args[0];
  const callback = typeof args[args.length - 1] === 'function' ? args[args.length - 1] : undefined;
  if (typeof args[0] === 'object' && args[0] !== null) return [args[0], callback];
  if (typeof args[0] === 'string' && !/^\d+$/.test(args[0])) return [{ path: args[0] }, callback];
  return [{ port: args[0], host: typeof args[1] === 'string' ? args[1] : undefined }, callback];
}

/** `options` is undefined for what is not a TCP port: a path, a handle, a file descriptor. */
function serverArguments(args) {
  const callback = typeof args[args.length - 1] === 'function' ? args[args.length - 1] : undefined;
  const [first] = args;
  const port = (value) => {
    const number = value === undefined || value === null || typeof value === 'function' ? 0 : Number(value);
    return Number.isInteger(number) && number >= 0 && number <= 65_535 ? number : undefined;
  };
  if (typeof first === 'object' && first !== null) {
    const other = first.path !== undefined || first.fd !== undefined || first._handle || first.handle;
    if (other || port(first.port) === undefined) return {};
    return { options: { ...first, port: port(first.port) }, callback };
  }
  const number = port(first);
  if (number === undefined) return {};
  const host = typeof args[1] === 'string' ? args[1] : undefined;
  const backlog = [args[1], args[2]].find((value) => typeof value === 'number');
  return { options: { port: number, host, backlog }, callback };
}

function isLoopback(host) {
  return host === 'localhost' || host === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(host);
}

function fix(object, name, value) {
  Object.defineProperty(object, name, { value, configurable: true, enumerable: true });
}

/** Like Node's own: `connect ETIMEDOUT 10.0.1.5:443`. */
function networkError(syscall, code, address, port, detail) {
  if (code === 'ENOTFOUND') return lookupError(code, address);
  const text = `${syscall} ${code} ${address}:${port}${detail ? ` (${detail})` : ''}`;
  const number = os.constants.errno[code];
  return Object.assign(new Error(text), { errno: number ? -number : undefined, code, syscall, address, port });
}

function lookupError(code, hostname) {
  return Object.assign(new Error(`getaddrinfo ${code} ${hostname}`), {
    errno: -3008,
    code,
    syscall: 'getaddrinfo',
    hostname,
  });
}
