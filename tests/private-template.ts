/** `apiTemplate` with its machine in a private subnet: the ways out are a NAT gateway and a gateway endpoint for S3. */
import { apiTemplate, type Template } from './api-template.ts';

const ref = (Ref: string) => ({ Ref });

export const propertiesOf = (id: string) => apiTemplate.Resources[id]?.Properties as Record<string, unknown>;

export function endpoint(service: string, more: object) {
  const ServiceName = { 'Fn::Sub': `com.amazonaws.\${AWS::Region}.${service}` };
  return { Type: 'AWS::EC2::VPCEndpoint', Properties: { VpcId: ref('Vpc'), ServiceName, ...more } };
}

/** The machine runs this program of Node's; the NAT gateway is in one of the public subnets. */
export function privateTemplate(app: string, natSubnet: 'PublicA' | 'PublicB', ofMachine: object = {}): Template {
  const machine = apiTemplate.Resources.Machine;
  if (!machine) throw new Error('no machine');
  const Metadata = JSON.parse(JSON.stringify(machine.Metadata)) as {
    'AWS::CloudFormation::Init': { config: { files: Record<string, { content: string }> } };
  };
  const file = Metadata['AWS::CloudFormation::Init'].config.files['/opt/api/server.js'];
  if (file) file.content = app;
  return {
    Resources: {
      ...apiTemplate.Resources,
      Machines: { Type: 'AWS::EC2::Subnet', Properties: { ...propertiesOf('Machines'), MapPublicIpOnLaunch: false } },
      NatAddress: { Type: 'AWS::EC2::EIP', DependsOn: 'GatewayOfVpc', Properties: { Domain: 'vpc' } },
      Nat: {
        Type: 'AWS::EC2::NatGateway',
        DependsOn: ['ToInternet', `RoutesOf${natSubnet}`],
        Properties: { SubnetId: ref(natSubnet), AllocationId: { 'Fn::GetAtt': ['NatAddress', 'AllocationId'] } },
      },
      PrivateRoutes: { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: ref('Vpc') } },
      ToNat: {
        Type: 'AWS::EC2::Route',
        Properties: { RouteTableId: ref('PrivateRoutes'), DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: ref('Nat') },
      },
      RoutesOfMachines: {
        Type: 'AWS::EC2::SubnetRouteTableAssociation',
        Properties: { RouteTableId: ref('PrivateRoutes'), SubnetId: ref('Machines') },
      },
      S3Endpoint: endpoint('s3', { RouteTableIds: [ref('PrivateRoutes')] }),
      Machine: {
        ...machine,
        Metadata,
        Properties: { ...propertiesOf('Machine'), ...ofMachine },
        DependsOn: ['ToNat', 'S3Endpoint', 'RoutesOfMachines', 'MachineAclOfSubnet', 'OutHttps', 'RepliesToMachines'],
      },
    },
  };
}
