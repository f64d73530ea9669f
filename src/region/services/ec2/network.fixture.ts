/** Makes the parts of a network that tests begin with. */
import type { CreateSubnetResult, CreateVpcResult } from '@aws-sdk/client-ec2';
import type { ec2Region } from './region.fixture.ts';

type Region = ReturnType<typeof ec2Region>;

export async function makeVpc(region: Region, cidr = '10.0.0.0/16', more: object = {}): Promise<string> {
  const { Vpc } = await region.call<CreateVpcResult>('CreateVpc', { CidrBlock: cidr, ...more });
  return Vpc?.VpcId ?? '';
}

export async function makeSubnet(region: Region, VpcId: string, CidrBlock: string, more: object = {}): Promise<string> {
  const { Subnet } = await region.call<CreateSubnetResult>('CreateSubnet', { VpcId, CidrBlock, ...more });
  return Subnet?.SubnetId ?? '';
}

/** Attached already. */
export async function makeGateway(region: Region, VpcId: string): Promise<string> {
  const { InternetGateway } = await region.call<{ InternetGateway: { InternetGatewayId: string } }>(
    'CreateInternetGateway',
  );
  const { InternetGatewayId } = InternetGateway;
  await region.call('AttachInternetGateway', { InternetGatewayId, VpcId });
  return InternetGatewayId;
}

export const vpcFilter = (VpcId: string) => ({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] });
