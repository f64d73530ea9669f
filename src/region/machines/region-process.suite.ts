/** Run as a process of its own by a test, which kills it: a driver with one instance. Prints what it is asked to. */

import { processMachines } from './process-driver.ts';
import { bootMetadata, bootScript, releaseZip, testHost, testSpec } from './test-host.suite.ts';

/** Boots and prints the machines' folder when the boot is over. */
export async function runRegion(files: Record<string, string>, unit: Record<string, string>): Promise<void> {
  const host = testHost();
  host.objects.set('releases/app/1.zip', releaseZip(files));
  const metadata = bootMetadata(unit);
  host.metadata.set('Template', metadata);
  const machines = processMachines(host);
  machines.onChange((machine) => {
    if (machine.boot.status === 'running') return;
    console.log(JSON.stringify({ boot: machine.boot, dir: host.machinesDir, console: machine.consoleOutput() }));
  });
  machines.launch(testSpec({ userData: bootScript }));
}
