/** AWS's price list in small, served on loopback: the same files, columns and oddities. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const head = (offer: string) => `"FormatVersion","v1.0"
"Disclaimer","This pricing list is for informational purposes only, and so on."
"Publication Date","2026-12-01T10:20:30Z"
"Version","20261201102030"
"OfferCode","${offer}"
`;

const columns = [
  ...[
    'SKU',
    'OfferTermCode',
    'RateCode',
    'TermType',
    'PriceDescription',
    'EffectiveDate',
    'StartingRange',
    'EndingRange',
  ],
  ...['Unit', 'PricePerUnit', 'Currency', 'Product Family', 'usageType', 'operation', 'Region Code'],
  ...['Instance Type', 'Tenancy', 'Operating System', 'Pre Installed S/W', 'CapacityStatus'],
];

type Cells = Readonly<Record<string, string>>;

const csv = (offer: string, rows: readonly Cells[]) =>
  head(offer) +
  [Object.fromEntries(columns.map((one) => [one, one])), ...rows]
    .map((row) => columns.map((one) => `"${(row[one] ?? '').replaceAll('"', '""')}"`).join(','))
    .join('\r\n');

let sku = 0;
const row = (usageType: string, usd: string, more: Cells = {}): Cells => ({
  SKU: `SKU${++sku}`,
  TermType: 'OnDemand',
  PriceDescription: `$${usd} "per unit", or part of it`,
  StartingRange: '0',
  EndingRange: 'Inf',
  Unit: 'Hrs',
  PricePerUnit: usd.includes('E') ? usd : `${usd}000000`,
  Currency: 'USD',
  usageType,
  ...more,
});
const linux = {
  operation: 'RunInstances',
  Tenancy: 'Shared',
  'Operating System': 'Linux',
  'Pre Installed S/W': 'NA',
  CapacityStatus: 'Used',
};
const application = { operation: 'LoadBalancing:Application' };

/** Sydney, whose usage types begin with APS2. */
const files: Readonly<Record<string, string>> = {
  AmazonEC2: csv('AmazonEC2', [
    row('APS2-NatGateway-Hours', '0.059', { operation: 'NatGateway' }),
    row('APS2-NatGateway-Bytes', '0.059', { operation: 'NatGateway' }),
    row('APS2-RegionalNatGateway-Hours', '0.059', { operation: 'RegionalNatGateway' }),
    row('APS2-EBS:VolumeUsage.gp3', '0.096', { Unit: 'GB-Mo' }),
    row('APS2-EBS:VolumeP-Throughput.gp3', '49.152', { Unit: 'GiBps-mo' }),
    row('APS2-BoxUsage:t4g.small', '0.0212', { ...linux, 'Instance Type': 't4g.small' }),
    row('APS2-BoxUsage:t4g.small', '0.9', { ...linux, 'Operating System': 'SUSE', operation: 'RunInstances:000g' }),
    row('APS2-UnusedBox:t4g.small', '0.0212', linux),
    row('APS2-BoxUsage:t3.small', '0.9', { ...linux, TermType: 'Reserved' }),
    row('APS2-DedicatedUsage:t3.small', '0.9', { ...linux, Tenancy: 'Dedicated' }),
  ]),
  AmazonVPC: csv('AmazonVPC', [
    row('APS2-PublicIPv4:InUseAddress', '0.005'),
    row('APS2-VpcEndpoint-Hours', '0.013'),
    row('APS2-VpcEndpoint-Bytes', '0.004', { SKU: 'TIERS', StartingRange: '5242880' }),
    row('APS2-VpcEndpoint-Bytes', '0.01', { SKU: 'TIERS', EndingRange: '1048576' }),
    row('APS2-VpcEndpoint-Bytes', '0.006', { SKU: 'TIERS', StartingRange: '1048576', EndingRange: '5242880' }),
  ]),
  AWSELB: csv('AWSELB', [
    row('APS2-LoadBalancerUsage', '0.0252', application),
    row('APS2-LoadBalancerUsage', '0.028'),
    row('APS2-TS-LoadBalancerUsage', '0.0056', application),
    row('APS2-LCUUsage', '0.008', application),
  ]),
  AWSDataTransfer: csv('AWSDataTransfer', [
    row('APS2-DataTransfer-Out-Bytes', '0.114', { SKU: 'OUT', EndingRange: '10240' }),
    row('APS2-DataTransfer-Out-Bytes', '0.098', { SKU: 'OUT', StartingRange: '10240' }),
    row('APS2-DataTransfer-Regional-Bytes', '0.01'),
  ]),
  AmazonS3: csv('AmazonS3', [
    row('APS2-TimedStorage-ByteHrs', '0.025'),
    row('APS2-Requests-Tier1', '0.0000055'),
    row('APS2-Requests-Tier2', '0.00000044'),
  ]),
  AmazonCloudWatch: csv('AmazonCloudWatch', [
    row('APS2-DataProcessing-Bytes', '0.67', { operation: 'PutLogEvents' }),
    row('APS2-VendedLog-Bytes', '0.67', { operation: 'PutLogEvents', SKU: 'VENDED', EndingRange: '10240' }),
    row('APS2-VendedLog-Bytes', '0.335', { operation: 'PutLogEvents', SKU: 'VENDED', StartingRange: '10240' }),
    row('APS2-DataProcessingIA-Bytes', '0.335', { operation: 'PutLogEvents' }),
    row('APS2-TimedStorage-ByteHrs', '0.033', { operation: 'HourlyStorageMetering' }),
    row('APS2-CW:MetricMonitorUsage', '0.3'),
    // Each operation is a product; one of them shows the million that is free.
    row('APS2-CW:Requests', '0.0000000000', { SKU: 'PUT', EndingRange: '1000000', Unit: 'Requests' }),
    row('APS2-CW:Requests', '0.00001', { SKU: 'PUT', StartingRange: '1000000', Unit: 'Requests' }),
    row('APS2-CW:Requests', '0.00001', { operation: 'ListMetrics', Unit: 'Requests' }),
    row('APS2-CW:GMD-Metrics', '0.9', { operation: 'GetMetricData', Unit: 'Metrics' }),
    // Twice: which of them is meant is not known.
    row('APS2-CW:AlarmMonitorUsage', '0.1'),
    row('APS2-CW:AlarmMonitorUsage', '0.2'),
  ]),
  awskms: csv('awskms', [row('ap-southeast-2-KMS-Keys', '1'), row('ap-southeast-2-KMS-Requests', '3E-06')]),
};

const plans = `FormatVersion,v1.0
Disclaimer,This pricing list is for informational purposes only.
Publication Date,2026-12-02T00:00:00Z
Version,20261202000000
OfferCode,AmazonComputeSavingsPlan
SKU,RateCode,Unit,EffectiveDate,DiscountedRate,Currency,DiscountedUsageType,DiscountedOperation,PurchaseOption,LeaseContractLength,LeaseContractLengthUnit,Product Family
P1,P1.1,Hrs,2026-12-02T00:00:00Z,0.0155,USD,APS2-BoxUsage:t4g.small,RunInstances,No Upfront,1,year,ComputeSavingsPlans
P3,P3.1,Hrs,2026-12-02T00:00:00Z,0.0106,USD,APS2-BoxUsage:t4g.small,RunInstances,No Upfront,3,year,ComputeSavingsPlans
P5,P5.1,Hrs,2026-12-02T00:00:00Z,0.009,USD,APS2-BoxUsage:t4g.small,RunInstances,All Upfront,3,year,ComputeSavingsPlans
P6,P6.1,Hrs,2026-12-02T00:00:00Z,0.008,USD,APS2-BoxUsage:t4g.small,RunInstances,No Upfront,3,year,EC2InstanceSavingsPlans
`;

export async function servePriceList(changed: Readonly<Record<string, string | undefined>> = {}) {
  const all = { ...files, ...changed };
  const server = createServer((request, response) => {
    const { url = '' } = request;
    const [, offer = ''] = /^\/offers\/v1\.0\/aws\/(\w+)\/current\/ap-southeast-2\/index\.csv$/.exec(url) ?? [];
    const version = '/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/20261202000000/ap-southeast-2/index';
    const index = JSON.stringify({ regions: [{ regionCode: 'ap-southeast-2', versionUrl: `${version}.json` }] });
    const body = url.endsWith('/region_index.json') ? index : url === `${version}.csv` ? plans : all[offer];
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => new Promise<unknown>((resolve) => server.close(resolve)),
  };
}
