/**
 * What stands for the parts of an account that a template asks for by parameters of AWS's types, where they have no value or
 * one of an account that the model knows nothing of: a network as AWS's default one, made as a stack of its own before the
 * template's. All of it is told, and nothing is found wrong with it.
 * https://docs.aws.amazon.com/vpc/latest/userguide/default-vpc-components.html
 */
import type { NotModelled, Template } from '../../region/template.ts';
import { StandInNetwork, type Tier, zone } from './stand-in-network.ts';
import { isSubnetRange, standInText } from './stand-in-text.ts';

export interface StandInAccount {
  /** Of the right form, for what only reads the template. */
  readonly placeholders: Readonly<Record<string, string>>;
  /** A template whose outputs, named as the parameters, are their values. */
  readonly template: string;
  /** Of each parameter, what stands for it. */
  readonly told: readonly NotModelled[];
}

interface Parameter {
  readonly name: string;
  /** Of a list, that of its elements. */
  readonly type: string;
  readonly list: boolean;
  /** Of the account, and not known. */
  readonly value: string | undefined;
}

/** One part of the stack, and what is said of it. */
interface Part {
  readonly value: unknown;
  readonly placeholder: string;
  readonly what: string;
}

/** Undefined where the template asks for nothing of the account. */
export function standInAccount(
  template: Template,
  given: Readonly<Record<string, string>>,
): StandInAccount | undefined {
  const asked = askedOf(template, given);
  if (asked.length === 0) return undefined;
  const parts = new Parts(template, given, asked);
  const standing = asked.flatMap((parameter) => {
    const part = parts.of(parameter);
    return part ? [[parameter, part] as const] : [];
  });
  if (standing.length === 0) return undefined;
  return {
    placeholders: Object.fromEntries(standing.map(([{ name }, { placeholder }]) => [name, placeholder])),
    template: JSON.stringify({
      Parameters: {
        StandInImage: {
          Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>',
          Default: `${image}${architectureOf(template)}`,
        },
      },
      Resources: { ...parts.resources, ...onlyOne },
      Outputs: Object.fromEntries(standing.map(([{ name }, { value }]) => [name, { Value: value }])),
    }),
    told: standing.map(([{ name, value }, { what }]) => ({
      logicalId: name,
      type: template.parameters[name]?.Type ?? '',
      path: '',
      what: `${value === undefined ? 'it has no value' : `${value} is not known`}: ${what}`,
      line: template.lineOf(['Parameters', name]),
    })),
  };
}

/** A stack needs a resource, though zones alone may be asked for. */
const onlyOne = { StandInNothing: { Type: 'AWS::CloudFormation::WaitConditionHandle' } };
const image = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-';

/** Of the machines that it names: `t4g.small`. */
function architectureOf({ parameters, resources }: Template): 'arm64' | 'x86_64' {
  const types = JSON.stringify([Object.values(parameters).map(({ Default }) => Default), resources]);
  return /"[a-z]+\d+g[a-z]*\.(?:\d*x?large|medium|small|micro|nano|metal)"/.test(types) ? 'arm64' : 'x86_64';
}

/** Ids that only a model's own account could know are as good as none. */
const unknowable = new Set([
  'AWS::EC2::VPC::Id',
  'AWS::EC2::Subnet::Id',
  'AWS::EC2::SecurityGroup::Id',
  'AWS::EC2::Image::Id',
  'AWS::Route53::HostedZone::Id',
]);
const askable = new Set([
  ...unknowable,
  'AWS::EC2::SecurityGroup::GroupName',
  'AWS::EC2::AvailabilityZone::Name',
  'AWS::EC2::KeyPair::KeyName',
]);

/** Of types that anybody may choose a text for. */
const free = new Set(['String', 'Number', 'CommaDelimitedList']);

function askedOf({ parameters }: Template, given: Readonly<Record<string, string>>): readonly Parameter[] {
  return Object.entries(parameters).flatMap(([name, { Type, Default }]) => {
    const element = /^List<(.+)>$/.exec(Type)?.[1];
    const type = element ?? Type;
    const value = given[name] ?? Default;
    const isKnown = value !== undefined && value.trim() !== '' && !unknowable.has(type);
    const list = element !== undefined || type === 'CommaDelimitedList';
    if (free.has(type)) return value === undefined ? [{ name, type, list, value }] : [];
    if (!askable.has(type) || isKnown) return [];
    return [{ name, type, list, value: value?.trim() ? value : undefined }];
  });
}

/** Names that say that a subnet is none of the internet's. */
const tierOf = (name: string): Tier => (/priv|internal|isolat|data|db/i.test(name) ? 'private' : 'public');

class Parts {
  readonly #network = new StandInNetwork();
  readonly resources: Record<string, object> = this.#network.resources;
  readonly #template: Template;
  readonly #vpc: string;
  /** Of single subnets that do not say which they are. */
  readonly #turn = { public: 0, private: 0 };
  #ranges = 0;

  constructor(template: Template, given: Readonly<Record<string, string>>, asked: readonly Parameter[]) {
    this.#template = template;
    for (const { name, type } of asked) {
      const within = type === 'AWS::EC2::VPC::Id' ? rangeOf(template, given, name) : undefined;
      if (within !== undefined) this.#network.vpc(name, within);
    }
    this.#vpc = asked.find(({ type }) => type === 'AWS::EC2::VPC::Id')?.name ?? this.#free('Vpc');
  }

  /** Undefined where nothing that was thought of is let through. */
  of({ name, type, list }: Parameter): Part | undefined {
    if (free.has(type)) return this.#text(name, list);
    switch (type) {
      case 'AWS::EC2::VPC::Id': {
        const what = `a VPC ${this.#network.vpc(name)} with an internet gateway stands for it`;
        return { value: { Ref: name }, placeholder: 'vpc-00000000000000000', what };
      }
      case 'AWS::EC2::Subnet::Id':
        return list ? this.#subnets(name) : this.#subnet(name);
      case 'AWS::EC2::SecurityGroup::Id':
        this.#network.group(name, this.#vpc);
        return { value: { 'Fn::GetAtt': [name, 'GroupId'] }, placeholder: 'sg-00000000000000000', what: ownGroup };
      case 'AWS::EC2::SecurityGroup::GroupName':
        this.#network.group(name, this.#vpc, name);
        return { value: name, placeholder: name, what: ownGroup };
      case 'AWS::EC2::AvailabilityZone::Name': {
        const zones = list ? Array.from({ length: this.#taken(name) }, (_, index) => index) : [zoneOf(name) ?? 0];
        return {
          value: { 'Fn::Join': [',', zones.map(zone)] },
          placeholder: zones.map((index) => `us-east-1${'abcd'[index]}`).join(),
          what: list ? `the region's first ${zones.length} zones stand for it` : 'a zone of the region stands for it',
        };
      }
      case 'AWS::EC2::Image::Id':
        return {
          value: { Ref: 'StandInImage' },
          placeholder: 'ami-00000000',
          what: 'one of Amazon Linux 2023 stands for it',
        };
      case 'AWS::Route53::HostedZone::Id': {
        const Name = this.#domain();
        this.resources[name] = { Type: 'AWS::Route53::HostedZone', Properties: { Name } };
        const what = `a public hosted zone of ${Name} stands for it`;
        return { value: { Ref: name }, placeholder: 'Z00000000000000000000', what };
      }
      default:
        return { value: name, placeholder: name, what: 'a key pair stands for it, which nothing looks at' };
    }
  }

  #text(name: string, list: boolean): Part | undefined {
    const texts = Array.from({ length: list ? this.#taken(name) : 1 }, () => {
      const text = standInText(this.#template, name, this.#ranges);
      if (isSubnetRange(name)) this.#ranges += 1;
      return text;
    });
    if (texts.includes(undefined)) return undefined;
    const text = texts.join();
    return { value: text, placeholder: text, what: `${JSON.stringify(text)} stands for it` };
  }

  #subnet(name: string): Part {
    const tier = tierOf(name);
    this.#network.subnet(name, this.#vpc, zoneOf(name) ?? this.#turn[tier]++ % 2, tier);
    return { value: { Ref: name }, placeholder: 'subnet-00000000000000000', what: `${oneOf[tier]} stands for it` };
  }

  #subnets(name: string): Part {
    const tier = tierOf(name);
    const ids = Array.from({ length: this.#taken(name) }, (_, index) => this.#free(`${name}${'ABCD'[index]}`));
    for (const [index, id] of ids.entries()) this.#network.subnet(id, this.#vpc, index, tier);
    return {
      value: { 'Fn::Join': [',', ids.map((Ref) => ({ Ref }))] },
      placeholder: ids.map(() => 'subnet-00000000000000000').join(),
      what: `${oneOf[tier]} in each of ${ids.length} zones stands for it`,
    };
  }

  /** A name that nothing of the template has. */
  #free(name: string): string {
    const { resources, parameters } = this.#template;
    return Object.hasOwn(resources, name) || Object.hasOwn(parameters, name) ? this.#free(`${name}StandIn`) : name;
  }

  /** How many of a list the template takes out of it, singly; two at least, as balancers want. */
  #taken(name: string): number {
    const taken = new RegExp(`"Fn::Select":\\["?(\\d)"?,\\{"Ref":"${name}"\\}\\]`, 'g');
    const indices = [...JSON.stringify(this.#template.resources).matchAll(taken)].map(([, index]) => Number(index));
    return Math.min(4, Math.max(1, ...indices) + 1);
  }

  /** Of the template's own parameters, the one that a zone would be of. */
  #domain(): string {
    const names = Object.entries(this.#template.parameters).flatMap(([name, { Default = '' }]) =>
      /domain|zone/i.test(name) && /^([a-z0-9-]+\.)+[a-z]{2,}\.?$/i.test(Default) ? [Default] : [],
    );
    return names.sort((a, b) => a.length - b.length)[0] ?? 'example.com';
  }
}

/** Where the template's own subnets in a VPC have their addresses, if it says so: `10.20.` */
function rangeOf({ resources, parameters }: Template, given: Readonly<Record<string, string>>, vpc: string) {
  for (const { Type, Properties } of Object.values(resources)) {
    const { VpcId, CidrBlock } = Properties as { VpcId?: { Ref?: string }; CidrBlock?: string | { Ref?: string } };
    if (Type !== 'AWS::EC2::Subnet' || VpcId?.Ref !== vpc) continue;
    const named = typeof CidrBlock === 'object' ? (CidrBlock.Ref ?? '') : undefined;
    const cidr = named === undefined ? CidrBlock : (given[named] ?? parameters[named]?.Default);
    const within = /^\d{1,3}\.\d{1,3}\./.exec(String(cidr))?.[0];
    if (within !== undefined) return within;
  }
  return undefined;
}

const oneOf: Readonly<Record<Tier, string>> = {
  public: 'a public subnet',
  private: 'a private subnet, with its way out by a NAT gateway,',
};
const ownGroup = 'a security group that lets in only its own members stands for it';

/** Of a name that ends with it: `PublicSubnet2`, `SubnetB`, `SubnetAZ1`. */
function zoneOf(name: string): number | undefined {
  const [, digits, letter] = /(?:(\d)|[a-z](?:AZ)?([A-D]))$/.exec(name) ?? [];
  if (digits !== undefined) return Math.max(0, Number(digits) - 1) % 4;
  return letter === undefined ? undefined : 'ABCD'.indexOf(letter);
}
