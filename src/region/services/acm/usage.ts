/** Who uses a certificate: load balancers of the region and, in us-east-1, distributions. Asked, not kept. */
import { Fault } from '../../wire/fault.ts';
import type { Caller, Scope } from '../service.ts';

const acm: Caller = { kind: 'service', service: 'acm.amazonaws.com', trusted: true };

/** ARNs. */
export async function usersOf(scope: Scope, arn: string): Promise<string[]> {
  return [...(await balancersWith(scope, arn)), ...(await distributionsWith(scope, arn))];
}

/** A region may be without the service, and a balancer gone since it was listed: then nothing there uses it. */
async function ask<O>(scope: Scope, service: string, operation: string, input: object): Promise<O | undefined> {
  try {
    return await scope.invoke<O>(acm, service, operation, input);
  } catch (error) {
    if (error instanceof Fault && ['InvalidAction', 'LoadBalancerNotFound'].includes(error.code)) return undefined;
    throw error;
  }
}

async function balancersWith(scope: Scope, arn: string): Promise<string[]> {
  const using: string[] = [];
  let Marker: string | undefined;
  do {
    const page = await ask<{ LoadBalancers?: { LoadBalancerArn?: string }[]; NextMarker?: string }>(
      scope,
      'elasticloadbalancing',
      'DescribeLoadBalancers',
      { Marker },
    );
    for (const { LoadBalancerArn } of page?.LoadBalancers ?? []) {
      const listed = await ask<{ Listeners?: { Certificates?: { CertificateArn?: string }[] }[] }>(
        scope,
        'elasticloadbalancing',
        'DescribeListeners',
        { LoadBalancerArn },
      );
      const uses = listed?.Listeners?.some((one) => one.Certificates?.some((cert) => cert.CertificateArn === arn));
      if (uses && LoadBalancerArn) using.push(LoadBalancerArn);
    }
    Marker = page?.NextMarker;
  } while (Marker !== undefined);
  return using;
}

interface Distributions {
  readonly DistributionList?: {
    readonly Items?: readonly {
      readonly ARN?: string;
      readonly ViewerCertificate?: { readonly ACMCertificateArn?: string };
    }[];
    readonly NextMarker?: string;
  };
}

async function distributionsWith(scope: Scope, arn: string): Promise<string[]> {
  if (scope.region !== 'us-east-1') return [];
  const using: string[] = [];
  let Marker: string | undefined;
  do {
    const page: Distributions | undefined = await ask(scope, 'cloudfront', 'ListDistributions', { Marker });
    for (const { ARN, ViewerCertificate } of page?.DistributionList?.Items ?? []) {
      if (ViewerCertificate?.ACMCertificateArn === arn && ARN) using.push(ARN);
    }
    Marker = page?.DistributionList?.NextMarker || undefined;
  } while (Marker !== undefined);
  return using;
}
