#!/usr/bin/env node
/** The command line: one file per command; here they are listed, and errors are worded. */
import { Command } from 'commander';
import { deployCommand } from './deploy.ts';
import { downCommand } from './down.ts';
import { failure } from './failure.ts';
import { initCommand } from './init.ts';
import { logsCommand } from './logs.ts';
import { statusCommand } from './status.ts';
import { synthCommand } from './synth.ts';
import { regionCommand, upCommand } from './up.ts';
import { version } from './version.ts';

// The AWS SDK announces the Node versions of next year; that is nothing a user of this command can act on.
process.removeAllListeners('warning');

const program = new Command('orrery')
  .description('A scalable web architecture on AWS: run it here, deploy it there, from one definition.')
  .version(version())
  .showHelpAfterError('(orrery --help lists the commands)');

for (const add of [
  upCommand,
  regionCommand,
  downCommand,
  statusCommand,
  logsCommand,
  synthCommand,
  initCommand,
  deployCommand,
])
  add(program);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(failure(error));
  process.exitCode = 1;
}
