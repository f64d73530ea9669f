import { machinesSuite } from './machines.suite.ts';
import { processMachines } from './process-driver.ts';

machinesSuite('process driver', processMachines);
