/** What a simulation's result says about itself: what is approximate, what went wrong, and what is left out. */

export interface Noted {
  readonly problems: readonly string[];
  /** How many of each. */
  readonly leftOut: { readonly alarms: number; readonly activities: number };
}

export function notesOf({ problems, leftOut }: Noted): string[] {
  return [
    ...approximations,
    ...beyond(leftOut.alarms, 'changes of alarms'),
    ...beyond(leftOut.activities, 'scaling activities'),
    ...problems,
  ];
}

function beyond(count: number, what: string): string[] {
  return count > 0 ? [`${count} further ${what} were beyond what this result keeps.`] : [];
}

const approximations = [
  'Requests are followed by the second and the machine, not one by one: waiting is Sakasegawa’s and Kimura’s formulas for M/G/c, and a queue grows towards it as a random walk does.',
  'Boots are not run: each takes as long as the app’s model says, and succeeds.',
  'All requests go by one rule of the balancer: the default one, or the first that forwards; none is sticky. Its connections and rules are not counted.',
  'Machines of a group are measured together: there are no metrics of single instances.',
  'All targets of a group are checked at the same moment; on AWS each has its own.',
  'Neither the network nor the agents’ permissions are asked about for each request: `orrery up` tries them.',
];
