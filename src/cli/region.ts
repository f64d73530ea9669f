/** `orrery region`: what `up --detach` leaves behind, the region alone. */
import type { Command } from 'commander';
import { appDir } from './app.ts';
import { type RegionArguments, regionChoices, withRegionOptions } from './region-options.ts';
import { runUntilTold, startRegion } from './region-process.ts';

export function regionCommand(program: Command): void {
  withRegionOptions(program.command('region', { hidden: true }))
    .argument('<dir>')
    .action(async (dir: string, options: RegionArguments) => {
      const folder = appDir(dir);
      await runUntilTold(folder, await startRegion(folder, regionChoices(options)));
    });
}
