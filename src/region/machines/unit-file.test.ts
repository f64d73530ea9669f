import { describe, expect, it } from 'vitest';
import { parseDuration, parseEnvironmentFile, parseUnit, splitQuoted } from './unit-file.ts';

const unit = (service: string, rest = '') => parseUnit('api', `[Service]\n${service}\n${rest}`);

describe('unit files', () => {
  it('have systemd’s defaults', () => {
    expect(unit('ExecStart=/usr/bin/node /opt/server.js')).toMatchObject({
      type: 'simple',
      execStart: [{ argv: ['/usr/bin/node', '/opt/server.js'], ignoreFailure: false }],
      restart: 'no',
      restartMs: 100,
      stopTimeoutMs: 90_000,
      startLimitIntervalMs: 10_000,
      startLimitBurst: 5,
      killSignal: 'SIGTERM',
      stdout: { kind: 'journal' },
      stderr: { kind: 'journal' },
      ignored: [],
    });
  });

  it('are read whole', () => {
    const text = `
# a comment
[Unit]
Description=The API
After=network-online.target
StartLimitBurst=3
StartLimitIntervalSec=1min

[Service]
ExecStartPre=-/usr/bin/mkdir -p "/var/log/my api"
ExecStart=/usr/bin/node \\
  /opt/api/server.js --name='a b' %n
Environment=PORT=8080 "GREETING=good day"
Environment=EXTRA=1
EnvironmentFile=-/etc/api.env
User=api
Restart=on-failure
RestartSec=500ms
TimeoutStopSec=30
KillSignal=INT
StateDirectory=api
StandardOutput=append:/var/log/api.log
MemoryMax=100M
[Install]
WantedBy=multi-user.target
`;
    expect(parseUnit('api', text, ['[Service]\nEnvironment=EXTRA=2\n'])).toMatchObject({
      execStartPre: [{ argv: ['/usr/bin/mkdir', '-p', '/var/log/my api'], ignoreFailure: true }],
      execStart: [{ argv: ['/usr/bin/node', '/opt/api/server.js', '--name=a b', '%n'] }],
      environment: { PORT: '8080', GREETING: 'good day', EXTRA: '2' },
      environmentFiles: [{ path: '/etc/api.env', optional: true }],
      user: 'api',
      restart: 'on-failure',
      restartMs: 500,
      stopTimeoutMs: 30_000,
      killSignal: 'SIGINT',
      startLimitBurst: 3,
      startLimitIntervalMs: 60_000,
      stdout: { kind: 'file', path: '/var/log/api.log', append: true },
      stderr: { kind: 'file', path: '/var/log/api.log', append: true },
      directories: [{ variable: 'STATE_DIRECTORY', path: '/var/lib/api' }],
      wantedBy: ['multi-user.target'],
      ignored: ['MemoryMax=100M'],
    });
  });

  it('forget what an empty setting takes back', () => {
    expect(unit('ExecStart=/a\nExecStart=\nExecStart=/b').execStart).toEqual([{ argv: ['/b'], ignoreFailure: false }]);
  });

  it.each([
    ['Type=notify\nExecStart=/a', 'Type=notify is not modelled'],
    ['Restart=often\nExecStart=/a', 'Restart=often'],
    ['User=x', 'no ExecStart='],
    ['ExecStart=/a\nExecStart=/b', 'more than one ExecStart='],
    ['ExecStart=/a "b', 'without its end'],
    ['ExecStart=/a\nRestartSec=soon', 'RestartSec=soon is not a time span'],
    ['ExecStart=/a\nnonsense', "'nonsense' is not a setting"],
    ['ExecStart=/a\nStandardOutput=socket', 'the output socket is not modelled'],
  ])('refuse %j', (service, message) => {
    expect(() => unit(service)).toThrow(message);
  });

  it.each([
    ['5', 5000],
    ['90s', 90_000],
    ['1min 30s', 90_000],
    ['250ms', 250],
    ['1.5h', 5_400_000],
    ['infinity', Number.POSITIVE_INFINITY],
    ['5 parsecs', undefined],
    ['', undefined],
  ])('read the time span %j', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it('split words as systemd does, and read environment files', () => {
    expect(splitQuoted('u', `a 'b c' "d\\"e" f\\sg ''`)).toEqual(['a', 'b c', 'd"e', 'f g', '']);
    expect(parseEnvironmentFile('# no\nA=1\n export B="two words"\nC=\nnonsense\n')).toEqual({
      A: '1',
      B: 'two words',
      C: '',
    });
    expect(parseEnvironmentFile('A="a \\"b\\" \\\\o \\x $HOME"\nB=\'a \\" b\'\n')).toEqual({
      A: 'a "b" \\o \\x $HOME',
      B: 'a \\" b',
    });
  });
});
