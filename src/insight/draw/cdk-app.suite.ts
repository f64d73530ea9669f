/** A CDK app as others write them: networks, balancers and groups of CDK's own constructs, with its generated names. */
import { App, BootstraplessSynthesizer, Stack } from 'aws-cdk-lib';
import { AutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import {
  GatewayVpcEndpointAwsService,
  InstanceType,
  InterfaceVpcEndpointAwsService,
  type IVpc,
  MachineImage,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';

export function cdkTemplate(): string {
  const context = { '@aws-cdk/aws-autoscaling:generateLaunchTemplateInsteadOfLaunchConfig': true };
  const app = new App({ context, analyticsReporting: false });
  const stack = new Stack(app, 'Shop', { synthesizer: new BootstraplessSynthesizer() as never });
  // CDK is compiled without `exactOptionalPropertyTypes`, and its own classes fail its own interfaces with it.
  const vpc = new Vpc(stack, 'Network', {
    natGateways: 1,
    subnetConfiguration: [
      { name: 'Public', subnetType: SubnetType.PUBLIC },
      { name: 'App', subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      { name: 'Data', subnetType: SubnetType.PRIVATE_ISOLATED },
    ],
  }) as IVpc;
  vpc.addGatewayEndpoint('Storage', { service: GatewayVpcEndpointAwsService.S3 });
  vpc.addInterfaceEndpoint('Logs', { service: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS });
  const fleet = new AutoScalingGroup(stack, 'Fleet', {
    vpc,
    instanceType: new InstanceType('t3.small'),
    machineImage: MachineImage.latestAmazonLinux2023(),
    minCapacity: 2,
    maxCapacity: 6,
  });
  const balancer = new ApplicationLoadBalancer(stack, 'Balancer', { vpc, internetFacing: true });
  balancer.addListener('Http', { port: 80 }).addTargets('Fleet', { port: 80, targets: [fleet] });
  new Bucket(stack, 'Media').grantRead(fleet);
  const origin = S3BucketOrigin.withOriginAccessControl(new Bucket(stack, 'Site') as IBucket);
  new Distribution(stack, 'Cdn', { defaultBehavior: { origin } });
  new Queue(stack, 'Orders');
  return JSON.stringify(app.synth().getStackByName('Shop').template);
}
