/** What `cdk synth` has written, as the commands of a template take it: its folder, the folder around it, a stage's stack. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { AutoScalingGroup } from 'aws-cdk-lib/aws-autoscaling';
import { InstanceType, type IVpc, LaunchTemplate, MachineImage, SecurityGroup, Vpc } from 'aws-cdk-lib/aws-ec2';
import { ApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { CfnTopic } from 'aws-cdk-lib/aws-sns';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ended, expectBuilt, runCommand } from './command.fixture.ts';

let folder: string;

function orrery(...argv: string[]): Promise<Ended> {
  return runCommand({ cwd: folder }, ...argv);
}

/** With CDK's own synthesizer, whose templates want a bootstrapped account. */
beforeAll(() => {
  expectBuilt();
  folder = mkdtempSync(join(tmpdir(), 'orrery-cdk-'));
  const shop = new App({ outdir: join(folder, 'shop', 'cdk.out'), analyticsReporting: false });
  const stack = new Stack(shop, 'Shop');
  const vpc = new Vpc(stack, 'Network', { maxAzs: 2, natGateways: 1 }) as IVpc;
  const launchTemplate = new LaunchTemplate(stack, 'Machine', {
    instanceType: new InstanceType('t3.micro'),
    machineImage: MachineImage.latestAmazonLinux2023(),
    securityGroup: new SecurityGroup(stack, 'MachineGroup', { vpc }),
  });
  const fleet = new AutoScalingGroup(stack, 'Fleet', { vpc, launchTemplate, minCapacity: 2, maxCapacity: 4 });
  fleet.scaleOnCpuUtilization('Busy', { targetUtilizationPercent: 60 });
  const balancer = new ApplicationLoadBalancer(stack, 'Balancer', { vpc, internetFacing: true });
  balancer.addListener('Http', { port: 80 }).addTargets('Fleet', { port: 80, targets: [fleet] });
  shop.synth();

  const many = new App({ outdir: join(folder, 'many'), analyticsReporting: false });
  new CfnTopic(new Stack(many, 'Base'), 'Topic');
  const stage = new Stage(many, 'Prod');
  new CfnTopic(new Stack(stage, 'Web', { stackName: 'production-web' }), 'Visits', { topicName: 'visits' });
  many.synth();
  writeFileSync(join(folder, 'small.yml'), 'Resources:\n  Topic: { Type: AWS::SNS::Topic }\n');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('drawn, by the name of its stack', async () => {
  const { code, out, error } = await orrery('draw', 'shop/cdk.out', '-o', 'shop.svg');
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(/^shop\.svg .* resources in \d+ parts/);
  const text = readFileSync(join(folder, 'shop.svg'), 'utf8');
  expect(text).toContain('>Shop<');
});

test('drawn as what follows another template', async () => {
  const { code, out, error } = await orrery('draw', '--diff', 'small.yml', 'shop', '-o', 'change.svg');
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(/^removed +Topic +AWS::SNS::Topic$/m);
  expect(out).toMatch(/^added +\S+ +AWS::EC2::VPC$/m);
});

test('a request followed', async () => {
  const asked = await orrery('trace', 'http://nobody.test/', 'shop');
  expect(asked.error).toMatch(/^Nobody in shop\/cdk\.out\/Shop\.template\.json has the name "nobody\.test"/);
  const [name] = /[\w.-]+\.elb\.amazonaws\.com/.exec(asked.error) ?? [];
  const { code, out } = await orrery('trace', `http://${name}/`, 'shop/cdk.out');
  expect(code).toBe(0);
  expect(out).toMatch(/machine +Fleet\w+ i-\w+ +the app takes it on port 80/);
});

test('priced, and compared', async () => {
  const bill = await orrery('cost', 'shop', '--json');
  expect(JSON.parse(bill.out)).toMatchObject({ region: 'us-east-1', notPriced: [] });
  const { out } = await orrery('cost', '--diff', 'small.yml', 'many', '--stack', 'Prod/Web', '--json');
  expect(JSON.parse(out)).toMatchObject({ changes: [{ part: 'Topic' }, { part: 'Visits', change: 'added' }] });
});

test('simulated', async () => {
  const app = ['--app', 'serviceMs=20,cpuMs=10,bootSeconds=30'];
  const { code, out, error } = await orrery('simulate', 'shop', '--profile', 'constant:rate=5,for=60', ...app);
  expect({ code, error }).toEqual({ code: 0, error: '' });
  expect(out).toMatch(/^Machines +2 to 2 serving$/m);

  // Without detailed monitoring there is a value every five minutes, which is not none.
  const busy = await orrery('simulate', 'shop', '--profile', 'constant:rate=350,for=900', ...app);
  expect(busy.out).toMatch(/^Machines +2 to 4 serving$/m);
  expect(busy.out).toContain('AWS/EC2 CPUUtilization has data at times only, and none at the end');
});

test.each([
  ['as cdk ls has it', 'Prod/Web'],
  ["by the stack's name at AWS", 'production-web'],
])('a stack of a stage, %s', async (_, stack) => {
  const { code, out } = await orrery('check', 'many', '--stack', stack);
  expect(code).toBe(0);
  expect(out).toMatch(/many\/assembly-Prod\/\w+\.template\.json: no finding/);
});

test.each([
  [['draw', 'many'], /many has 2 stacks: Prod\/Web, Base\.\nSay which: --stack Prod\/Web/],
  [['cost', 'small.yml', '--stack', 'Web'], /--stack is for what CDK has written, and .*small\.yml is none/],
  [['trace', 'http://a.test/', 'shop', '--live', '--stack', 'Shop'], /--stack cannot be given with --live/],
  [['draw', '.'], /There is no orrery\.config\.ts in .*, and no template of CDK's/],
])('what is wrong is said in one message, with exit code 1: %j', async (argv, message) => {
  const { code, out, error } = await orrery(...argv);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(error).toMatch(message);
});
