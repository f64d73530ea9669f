#!/usr/bin/env node
/** The command line: one file per command; here they are listed, and errors are worded. */
import { Command } from 'commander';
import { version } from './version.ts';

// The AWS SDK announces the Node versions of next year; that is nothing a user of this command can act on.
process.removeAllListeners('warning');

// As of `orrery logs | head`: nobody reads any more, which is no failure.
process.stdout.on('error', (error: Error & { code?: string }) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

/** In the order of the help. Only the file of the command that was given is loaded. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
  up: async () => (await import('./up.ts')).upCommand,
  down: async () => (await import('./down.ts')).downCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  logs: async () => (await import('./logs.ts')).logsCommand,
  surge: async () => (await import('./surge.ts')).surgeCommand,
  simulate: async () => (await import('./simulate.ts')).simulateCommand,
  check: async () => (await import('./check.ts')).checkCommand,
  cost: async () => (await import('./cost.ts')).costCommand,
  trace: async () => (await import('./trace.ts')).traceCommand,
  fault: async () => (await import('./fault.ts')).faultCommand,
  draw: async () => (await import('./draw.ts')).drawCommand,
  synth: async () => (await import('./synth.ts')).synthCommand,
  init: async () => (await import('./init.ts')).initCommand,
  deploy: async () => (await import('./deploy.ts')).deployCommand,
  region: async () => (await import('./region.ts')).regionCommand,
};

const program = new Command('orrery')
  .description('A scalable web architecture on AWS: run it here, deploy it there, from one definition.')
  .version(version())
  .showHelpAfterError('(orrery --help lists the commands)');

try {
  const given = process.argv[2] ?? '';
  const wanted = Object.hasOwn(commands, given) ? [commands[given]] : Object.values(commands);
  for (const load of wanted) (await load?.())?.(program);
  await program.parseAsync();
} catch (error) {
  // Only then: it knows errors of parts that most commands do without.
  const [{ failure }, { harmless }] = await Promise.all([import('./failure.ts'), import('./print.ts')]);
  process.stderr.write(harmless(failure(error)));
  process.exitCode = 1;
}
