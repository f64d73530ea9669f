/** Prices of a region from AWS's public price list. What it does not tell, such as free allowances, stays as it was checked. */
import { CostError } from './cost-error.ts';
import { decimal, decimalText } from './decimal.ts';
import type { NamedMeter } from './meters.ts';
import type { Price, PriceBook } from './price-book.ts';
import { type Row, readPriceList } from './price-list.ts';
import { prices as checked } from './prices.ts';

export const priceListUrl = 'https://pricing.us-east-1.amazonaws.com';

export interface RefreshOptions {
  readonly region: string;
  /** Where the price list is; AWS's own by default. */
  readonly baseUrl?: string;
  /** `2026-11-27` */
  readonly today: string;
  readonly onProgress?: (text: string) => void;
}

export interface Refreshed {
  readonly book: PriceBook;
  /** What was looked for and not found, or found more than once. */
  readonly lacking: readonly string[];
}

interface Wanted {
  readonly meter: NamedMeter;
  /** Without the region in front: `USW2-NatGateway-Hours` is `NatGateway-Hours`. */
  readonly usage: string;
  readonly operation?: string;
}

const wants = (meter: NamedMeter, usage: string, operation?: string): Wanted => ({
  ...{ meter, usage },
  ...(operation === undefined ? {} : { operation }),
});

const application = 'LoadBalancing:Application';

interface Offer {
  readonly code: string;
  readonly page: string;
  readonly wanted: readonly Wanted[];
}

const offers: readonly Offer[] = [
  {
    code: 'AmazonEC2',
    page: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    wanted: [
      wants('natHours', 'NatGateway-Hours', 'NatGateway'),
      wants('natGigabytes', 'NatGateway-Bytes', 'NatGateway'),
      wants('gp3Gigabytes', 'EBS:VolumeUsage.gp3'),
      wants('gp3Iops', 'EBS:VolumeP-IOPS.gp3'),
      wants('gp3Throughput', 'EBS:VolumeP-Throughput.gp3'),
    ],
  },
  {
    code: 'AmazonVPC',
    page: 'https://aws.amazon.com/vpc/pricing/',
    wanted: [
      wants('addressHours', 'PublicIPv4:InUseAddress'),
      wants('endpointHours', 'VpcEndpoint-Hours'),
      wants('endpointGigabytes', 'VpcEndpoint-Bytes'),
    ],
  },
  {
    code: 'AWSELB',
    page: 'https://aws.amazon.com/elasticloadbalancing/pricing/',
    wanted: [wants('balancerHours', 'LoadBalancerUsage', application), wants('capacityHours', 'LCUUsage', application)],
  },
  {
    code: 'AWSDataTransfer',
    page: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    wanted: [wants('transferOut', 'DataTransfer-Out-Bytes'), wants('transferZones', 'DataTransfer-Regional-Bytes')],
  },
  {
    code: 'AmazonS3',
    page: 'https://aws.amazon.com/s3/pricing/',
    wanted: [
      wants('bucketGigabytes', 'TimedStorage-ByteHrs'),
      wants('bucketWrites', 'Requests-Tier1'),
      wants('bucketReads', 'Requests-Tier2'),
    ],
  },
  {
    code: 'AmazonCloudWatch',
    page: 'https://aws.amazon.com/cloudwatch/pricing/',
    wanted: [
      wants('logsIngested', 'DataProcessing-Bytes', 'PutLogEvents'),
      wants('logsVended', 'VendedLog-Bytes', 'PutLogEvents'),
      wants('logsInfrequent', 'DataProcessingIA-Bytes', 'PutLogEvents'),
      wants('logsStored', 'TimedStorage-ByteHrs', 'HourlyStorageMetering'),
      wants('metrics', 'CW:MetricMonitorUsage'),
      wants('metricRequests', 'CW:Requests'),
      wants('alarms', 'CW:AlarmMonitorUsage'),
      wants('fastAlarms', 'CW:HighResAlarmMonitorUsage'),
      wants('compositeAlarms', 'CW:CompositeAlarmMonitorUsage'),
    ],
  },
  {
    code: 'awskms',
    page: 'https://aws.amazon.com/kms/pricing/',
    wanted: [wants('keys', 'KMS-Keys'), wants('keyRequests', 'KMS-Requests')],
  },
];

/** Throws `CostError`; nothing is half taken. */
export async function refresh(options: RefreshOptions): Promise<Refreshed> {
  const { region, baseUrl = priceListUrl, today, onProgress } = options;
  if (!/^[a-z]{2}(-[a-z]+)+-\d$/.test(region)) throw new CostError(`"${region}" is no region, such as eu-west-1.`);
  const sources: Record<string, PriceBook['sources'][string]> = {};
  const found: Record<string, Price> = {};
  const lacking: string[] = [];
  let instances: PriceBook['regions'][string]['instances'] | undefined;
  for (const { code, page, wanted } of offers) {
    onProgress?.(`reading ${code}`);
    const source = `${code} ${region}`;
    const takers = new Map(wanted.map((one) => [one, new Map<string, Row[]>()]));
    const usdPerHour: Record<string, string> = {};
    const url = `${baseUrl}/offers/v1.0/aws/${code}/current/${region}/index.csv`;
    const words = [...wanted.map(({ usage }) => usage), ...(code === 'AmazonEC2' ? ['BoxUsage:'] : [])];
    const { published } = await readPriceList(url, words, (row) => {
      if (row('TermType') !== 'OnDemand' || row('Currency') !== 'USD') return;
      const usage = withoutRegion(row('usageType'));
      for (const [{ usage: name, operation }, bySku] of takers) {
        if (usage !== name || (operation !== undefined && row('operation') !== operation)) continue;
        bySku.set(row('SKU'), [...(bySku.get(row('SKU')) ?? []), row]);
      }
      const type = linuxType(row, usage);
      if (type !== undefined) usdPerHour[type] = amount(row('PricePerUnit'));
    });
    sources[source] = { page, read: `AWS price list ${code} of ${published}`, checked: today };
    if (code === 'AmazonEC2') instances = { source, usdPerHour };
    for (const [{ meter, usage }, bySku] of takers) {
      const priced = [...bySku.values()]
        .filter((rows) => rows.some((row) => Number(row('PricePerUnit')) > 0))
        .map((rows) => priceOf(meter, source, rows));
      // Several products at one price are no question: operations of an API have one each.
      const distinct = new Map(priced.map((price) => [JSON.stringify(price), price]));
      const [price] = distinct.values();
      if (price && distinct.size === 1) found[meter] = price;
      else lacking.push(`${usage} (${price ? `found at ${distinct.size} prices` : 'not found'})`);
    }
  }
  if (!instances || Object.keys(instances.usdPerHour).length === 0)
    throw new CostError(`AWS's price list has no machines for ${region}. Nothing was changed.`);
  onProgress?.('reading Savings Plans');
  const plans = await plansOf({ ...options, baseUrl }, sources);
  const edge = edgeOf(region);
  return {
    book: {
      sources,
      everywhere: {},
      edges: {},
      regions: { [region]: { edge, prices: found, instances, ...(plans ? { plans } : {}) } },
    },
    lacking,
  };
}

/** What machines of the model run: Linux, shared hardware, nothing installed. */
function linuxType(row: Row, usage: string): string | undefined {
  if (!usage.startsWith('BoxUsage:') || row('operation') !== 'RunInstances') return undefined;
  const plain =
    row('Operating System') === 'Linux' &&
    row('Tenancy') === 'Shared' &&
    row('Pre Installed S/W') === 'NA' &&
    row('CapacityStatus') === 'Used';
  return plain && row('Unit') === 'Hrs' ? usage.slice('BoxUsage:'.length) : undefined;
}

function priceOf(meter: NamedMeter, source: string, rows: readonly Row[]): Price {
  const sorted = [...rows].sort((one, other) => Number(one('StartingRange')) - Number(other('StartingRange')));
  // Most allowances are products of their own, all regions together; some lists begin with one, at no price.
  const [first] = sorted;
  const listed = first && Number(first('PricePerUnit')) === 0 ? amount(first('EndingRange')) : undefined;
  const free = listed ?? checked.regions['us-east-1']?.prices[meter]?.free;
  const beyondFree = (bound: string) => decimalText(decimal(amount(bound)) - decimal(listed ?? '0'));
  return {
    source,
    ...(free === undefined ? {} : { free }),
    tiers: sorted.slice(listed === undefined ? 0 : 1).map((row) => ({
      usd: perUnit(row),
      ...(row('EndingRange') === 'Inf' ? {} : { upTo: beyondFree(row('EndingRange')) }),
    })),
  };
}

/** Throughput of gp3 is listed by the GiB/s (40.96 dollars in us-east-1), and told, as the page does, by the MiB/s. */
function perUnit(row: Row): string {
  const usd = row('PricePerUnit');
  return row('Unit').toLowerCase() === 'gibps-mo' ? amount((Number(usd) / 1024).toFixed(10)) : amount(usd);
}

/** `0.0450000000` is `0.045`, `1E-7` is written out. */
function amount(text: string): string {
  const plain = /e/i.test(text) ? Number(text).toFixed(10) : text;
  return plain.includes('.') ? plain.replace(/0+$/, '').replace(/\.$/, '') : plain;
}

/** `EUC1-NatGateway-Hours`, `EU-…`, `us-east-1-KMS-Keys`; us-east-1 mostly has none. */
function withoutRegion(usage: string): string {
  return usage.replace(/^((EU|[A-Z]{2,3}\d)-|[a-z]{2}(-[a-z]+)+-\d-)/, '');
}

async function plansOf(
  { region, baseUrl, today }: RefreshOptions & { readonly baseUrl: string },
  sources: Record<string, PriceBook['sources'][string]>,
): Promise<PriceBook['regions'][string]['plans']> {
  const index = await fetch(`${baseUrl}/savingsPlan/v1.0/aws/AWSComputeSavingsPlan/current/region_index.json`);
  if (!index.ok) return undefined;
  const { regions = [] } = (await index.json()) as { regions?: { regionCode: string; versionUrl: string }[] };
  const version = regions.find((one) => one.regionCode === region)?.versionUrl;
  // What it names is on the same host, and nowhere else.
  if (version === undefined || !/^\/savingsPlan\/[\w./-]+\.json$/.test(version)) return undefined;
  const found = { '1': {} as Record<string, string>, '3': {} as Record<string, string> };
  const { published } = await readPriceList(`${baseUrl}${version.replace(/json$/, 'csv')}`, ['BoxUsage:'], (row) => {
    const years = row('LeaseContractLength');
    if (years !== '1' && years !== '3') return;
    const type = withoutRegion(row('DiscountedUsageType'));
    if (
      row('PurchaseOption') === 'No Upfront' &&
      row('Product Family') === 'ComputeSavingsPlans' &&
      row('DiscountedOperation') === 'RunInstances' &&
      type.startsWith('BoxUsage:')
    )
      found[years][type.slice('BoxUsage:'.length)] = amount(row('DiscountedRate'));
  });
  const source = `AWSComputeSavingsPlan ${region}`;
  const page = 'https://aws.amazon.com/savingsplans/compute-pricing/';
  sources[source] = { page, read: `AWS price list AWSComputeSavingsPlan of ${published}`, checked: today };
  return { '1y': { source, usdPerHour: found['1'] }, '3y': { source, usdPerHour: found['3'] } };
}

/** Where users are taken to be: by the region. Of other places no CDN price was checked, and that is said. */
function edgeOf(region: string): string {
  if (/^(us|ca|mx)-/.test(region)) return 'unitedStates';
  return /^(eu|il)-/.test(region) ? 'europe' : 'elsewhere';
}
