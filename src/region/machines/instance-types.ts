/**
 * What an instance type has, by AWS's regular naming: the agent's per cent of memory and the identity document need it.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html
 */

export interface InstanceTypeSize {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** The burstable families do not follow the rule. Memory in GiB. */
const burstable: Readonly<Record<string, readonly [vcpus: number, memoryGiB: number]>> = {
  nano: [2, 0.5],
  micro: [2, 1],
  small: [2, 2],
  medium: [2, 4],
  large: [2, 8],
  xlarge: [4, 16],
  '2xlarge': [8, 32],
};

/** GiB of memory a vCPU, by the letter of the family. */
const memoryPerVcpu: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 };

const sizes = new Map<string, InstanceTypeSize>();
const mostSizes = 1_000;

/** Undefined for types outside the t, c, m and r families. */
export function instanceTypeSize(instanceType: string): InstanceTypeSize | undefined {
  const known = sizes.get(instanceType);
  if (known) return known;
  const found = sizeByName(instanceType);
  // Names are users' to make up.
  if (found && sizes.size < mostSizes) sizes.set(instanceType, found);
  return found;
}

function sizeByName(instanceType: string): InstanceTypeSize | undefined {
  const [family = '', size = ''] = instanceType.split('.');
  if (/^t[2-4]/.test(family)) {
    const found = Object.hasOwn(burstable, size) ? burstable[size] : undefined;
    if (!found) return undefined;
    const [vcpus, memoryGiB] = found;
    // The first generation of them had one vCPU in its small sizes.
    const one = family === 't2' && ['nano', 'micro', 'small'].includes(size);
    return { vcpus: one ? 1 : vcpus, memoryMiB: memoryGiB * 1024 };
  }
  const perVcpu = memoryPerVcpu[family[0] ?? ''];
  const vcpus = vcpusOf(size);
  if (perVcpu === undefined || vcpus === undefined || !/^[cmr][4-9]/.test(family)) return undefined;
  // Generation 4 of the c family has a little less; r4 and m4 differ slightly and are not told apart.
  return { vcpus, memoryMiB: vcpus * (family === 'c4' ? 1.875 : perVcpu) * 1024 };
}

function vcpusOf(size: string): number | undefined {
  if (size === 'medium') return 1;
  if (size === 'large') return 2;
  const many = /^(\d{0,2})xlarge$/.exec(size);
  return many ? 4 * Number(many[1] || '1') : undefined;
}

/** AWS Graviton families have a `g` after the generation: `t4g`, `c7gn`, `m6gd`; the first was `a1`. */
export function architectureOf(instanceType: string): 'arm64' | 'x86_64' {
  return /^(a1\.|[a-z]+\d+g)/.test(instanceType) ? 'arm64' : 'x86_64';
}
