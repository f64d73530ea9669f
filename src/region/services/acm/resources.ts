/** ACM in CloudFormation: it sets the records that prove a domain itself, where it is told the zone. */
import { createHash } from 'node:crypto';
import { resourceType } from '../../stacks/resource-type.ts';
import { Fault } from '../../wire/fault.ts';
import { resourceTags } from '../tags.ts';

interface CertificateProperties {
  readonly DomainName: string;
  readonly SubjectAlternativeNames?: readonly string[];
  readonly ValidationMethod?: string;
  readonly DomainValidationOptions?: readonly { readonly DomainName: string; readonly HostedZoneId?: string }[];
  readonly CertificateTransparencyLoggingPreference?: string;
  readonly KeyAlgorithm?: string;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

interface Described {
  readonly Certificate: {
    readonly Status: string;
    readonly DomainValidationOptions: readonly {
      readonly DomainName: string;
      readonly ResourceRecord: { readonly Name: string; readonly Type: string; readonly Value: string };
    }[];
  };
}

const recordTtl = 300;
/** ACM gives up after 72 hours. */
const patienceMs = 73 * 3_600_000;

export const certificateType = resourceType<CertificateProperties>({
  honours: [
    'DomainName',
    'SubjectAlternativeNames',
    'ValidationMethod',
    'DomainValidationOptions[].DomainName',
    'DomainValidationOptions[].HostedZoneId',
    'CertificateTransparencyLoggingPreference',
    'KeyAlgorithm',
    'Tags',
  ],
  async create(request) {
    const { properties, invoke, stack, logicalId } = request;
    const { CertificateArn } = await invoke<{ CertificateArn: string }>('acm', 'RequestCertificate', {
      DomainName: properties.DomainName,
      SubjectAlternativeNames: properties.SubjectAlternativeNames,
      ValidationMethod: properties.ValidationMethod,
      KeyAlgorithm: properties.KeyAlgorithm,
      Options: options(properties),
      IdempotencyToken: createHash('sha256')
        .update(`${stack.id} ${logicalId} ${request.name()}`)
        .digest('hex')
        .slice(0, 32),
      Tags: resourceTags(request, properties.Tags),
    });
    request.made?.(CertificateArn);
    const describe = async () =>
      (await invoke<Described>('acm', 'DescribeCertificate', { CertificateArn })).Certificate;
    for (const { DomainName, ResourceRecord } of (await describe()).DomainValidationOptions) {
      const zone = properties.DomainValidationOptions?.find((one) => one.DomainName === DomainName)?.HostedZoneId;
      if (zone === undefined) {
        const { Name, Type, Value } = ResourceRecord;
        request.progress(`Content of DNS Record is: {Name: ${Name},Type: ${Type},Value: ${Value}}`);
        continue;
      }
      const { Name, Type, Value } = ResourceRecord;
      await invoke('route53', 'ChangeResourceRecordSets', {
        HostedZoneId: zone,
        ChangeBatch: {
          Changes: [
            { Action: 'UPSERT', ResourceRecordSet: { Name, Type, TTL: recordTtl, ResourceRecords: [{ Value }] } },
          ],
        },
      });
    }
    await request.until(
      `certificate ${CertificateArn} to be issued`,
      async () => {
        const { Status } = await describe();
        if (Status !== 'ISSUED' && Status !== 'PENDING_VALIDATION') {
          throw new Error(`Certificate ${CertificateArn} is in status ${Status}`);
        }
        return Status === 'ISSUED';
      },
      { everyMs: 500, timeoutMs: patienceMs },
    );
    return { physicalId: CertificateArn, attributes: { Id: CertificateArn } };
  },
  async update({ properties, previous, physicalId: CertificateArn, attributes, invoke }) {
    const Options = options(properties) ?? { CertificateTransparencyLoggingPreference: 'ENABLED' };
    await invoke('acm', 'UpdateCertificateOptions', { CertificateArn, Options });
    const wanted = properties.Tags ?? [];
    const gone = (previous.Tags ?? []).filter(({ Key }) => !wanted.some((tag) => tag.Key === Key));
    if (gone.length > 0) await invoke('acm', 'RemoveTagsFromCertificate', { CertificateArn, Tags: gone });
    if (wanted.length > 0) await invoke('acm', 'AddTagsToCertificate', { CertificateArn, Tags: wanted });
    return { physicalId: CertificateArn, attributes };
  },
  // The records stay, as on AWS: other certificates of the domain may be proven by them.
  async delete({ physicalId: CertificateArn, invoke, until }) {
    await until(`certificate ${CertificateArn} to be out of use`, async () => {
      try {
        await invoke('acm', 'DeleteCertificate', { CertificateArn });
      } catch (error) {
        if (error instanceof Fault && error.code === 'ResourceInUseException') return false;
        if (!(error instanceof Fault && error.code === 'ResourceNotFoundException')) throw error;
      }
      return true;
    });
  },
});

function options({ CertificateTransparencyLoggingPreference }: CertificateProperties): object | undefined {
  return CertificateTransparencyLoggingPreference === undefined
    ? undefined
    : { CertificateTransparencyLoggingPreference };
}
