import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../clock/clock.ts';
import { cfnCalls } from './cfn-calls.ts';
import type { Machine } from './machine.ts';
import { machinesSuite } from './machines.suite.ts';
import { type MachineModel, modelledMachines } from './modelled-driver.ts';
import { bootScript, type TestHost, testHost, testSpec } from './test-host.suite.ts';

let clock: VirtualClock;
const bootMs = 30_000;

/** A boot hangs where the user data says so. */
const model = (serving: MachineModel['serving'] = () => {}): MachineModel => ({
  bootMs: ({ userData = '' }) => (userData.includes('sleep') ? 1e9 : bootMs),
  usage: () => ({ cpuSeconds: 1, memoryBytes: 2, networkInBytes: 3, networkOutBytes: 4 }),
  serving,
});

machinesSuite('modelled driver', (host) => modelledMachines(host, model()), {
  boots: { signals: bootScript, hangs: `#!/bin/bash\nsleep 100000\n${bootScript}` },
  makeHost() {
    clock = new VirtualClock();
    return testHost(clock);
  },
  pass: () => clock.advance(1_000),
});

describe('a modelled machine', () => {
  let host: TestHost;
  const serving: string[] = [];
  beforeEach(() => {
    clock = new VirtualClock(0);
    host = testHost(clock);
    serving.length = 0;
  });
  afterEach(() => host.dispose());
  const machines = () =>
    modelledMachines(
      host,
      model(({ spec }: Machine, serves) => void serving.push(`${clock.now() / 1000} ${spec.zone} ${serves}`)),
    );

  it('serves from the end of its boot until it ends, at each start as long after it', async () => {
    const machine = machines().launch(testSpec({ userData: bootScript }));
    await clock.advance(bootMs - 1);
    expect([machine.usage().memoryBytes, serving]).toEqual([0, []]);
    await clock.advance(1);
    expect(machine.usage().memoryBytes).toBe(2);
    await machine.stop();
    await machine.start();
    await clock.advance(bootMs);
    machine.kill();
    machine.kill();
    await machine.terminate();
    expect(serving).toEqual(['30 us-east-1a true', '30 us-east-1a false', '60 us-east-1a true', '60 us-east-1a false']);
  });

  it('boots again, and signals then, when it was stopped in the middle of its boot', async () => {
    const machine = machines().launch(testSpec({ userData: bootScript }));
    await clock.advance(1_000);
    await machine.stop();
    expect(machine.boot.status).toBe('failed');
    await machine.start();
    await clock.advance(bootMs);
    expect([machine.boot.status, host.signals.length]).toEqual(['succeeded', 1]);
  });

  it('notes a signal that is refused, and serves all the same', async () => {
    const refused: TestHost = { ...host, signalResource: () => Promise.reject(new Error('no such stack')) };
    const machine = modelledMachines(refused, model()).launch(testSpec({ userData: bootScript }));
    await clock.advance(bootMs);
    expect(machine.boot.status).toBe('succeeded');
    expect(host.notes).toMatchObject([{ kind: 'signal-refused', text: expect.stringContaining('no such stack') }]);
  });

  it('remembers the last that ended, and not all', async () => {
    const driver = machines();
    for (let n = 0; n < 250; n++) await driver.launch(testSpec()).terminate();
    expect(driver.list()).toHaveLength(200);
  });
});

describe('calls of CloudFormation’s helpers in a script', () => {
  it.each([
    ['/opt/aws/bin/cfn-signal -e $? --stack app --resource Group --region us-east-1', [['app', 'Group']]],
    ['  cfn-signal --stack=app --resource="Group"', [['app', 'Group']]],
    ["node check.js && cfn-signal --stack 'app' \\\n  --resource Group || reboot", [['app', 'Group']]],
    [
      'cfn-signal --resource A --stack s\ncfn-signal --stack s --resource B',
      [
        ['s', 'A'],
        ['s', 'B'],
      ],
    ],
    ['# cfn-signal --stack app --resource Group', []],
    ['echo cfn-signal --stack app --resource Group', []],
    ['cfn-signal --stack app', []],
  ])('%s', (script, found) => {
    expect(cfnCalls(script, 'cfn-signal').map(({ stack, resource }) => [stack, resource])).toEqual(found);
  });
});
