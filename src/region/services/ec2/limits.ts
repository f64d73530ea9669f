/**
 * Default quotas of a new account: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html,
 * and how long the model takes for what AWS takes minutes for.
 */
export const limits = {
  vpcs: 5,
  cidrsPerVpc: 5,
  ipv6CidrsPerVpc: 5,
  subnetsPerVpc: 200,
  internetGateways: 5,
  egressOnlyGateways: 5,
  addresses: 5,
  natGatewaysPerZone: 5,
  routeTablesPerVpc: 200,
  routesPerTable: 500,
  aclsPerVpc: 200,
  /** By direction and IP family, the default entry included. */
  aclEntries: 20,
  groupsPerVpc: 500,
  groups: 2500,
  /** By direction and IP family. */
  rulesPerGroup: 60,
  groupsPerInterface: 5,
  gatewayEndpoints: 20,
  interfaceEndpointsPerVpc: 50,
  launchTemplates: 5000,
  versionsPerTemplate: 10_000,
  launchAtOnce: 1000,
} as const;

/** Model time. AWS takes one to five minutes for each: the order of states is what a template can rely on. */
export const delaysMs = {
  natGatewayAvailable: 100,
  natGatewayDeleted: 100,
  endpointAvailable: 100,
  endpointDeleted: 100,
  /** Deleted NAT gateways and terminated instances stay visible for about an hour. */
  forgetAfter: 3_600_000,
} as const;
