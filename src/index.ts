/** What other programs use of Orrery: a local region, and the delivery of an app onto one. */
export { type Delivered, type Delivery, deliver } from './delivery/deliver.ts';
export { awsTarget, localTarget, type Target } from './delivery/target.ts';
export { type Ports, Region, type RegionOptions } from './region/region.ts';
