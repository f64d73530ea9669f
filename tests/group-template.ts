/** `apiTemplate` with a group of two machines in place of the one: kept, replaced and renewed by Auto Scaling. */
import { apiTemplate, type Template } from './api-template.ts';

/** The defaults of Node's server (connections are kept 5 s), no end in order, and some answers that take their time. */
const server = (version: string) => `const { createServer } = require('node:http');
const imds = 'http://169.254.169.254/latest/';
async function identity() {
  const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
  const token = await (await fetch(imds + 'api/token', { method: 'PUT', headers })).text();
  return (await fetch(imds + 'meta-data/instance-id', { headers: { 'x-aws-ec2-metadata-token': token } })).text();
}
identity().then((id) => createServer((request, response) => {
  const delay = Number(new URL(request.url, 'http://api').searchParams.get('ms') ?? 0);
  setTimeout(() => {
    response.setHeader('x-machine', id);
    response.end('${version}');
  }, delay);
}).listen(8080));
`;

const broken = 'process.exitCode = 1;\n';

const unit = `[Service]
ExecStart=/usr/bin/node-22 /opt/api/server.js
[Install]
WantedBy=multi-user.target
`;

const check = `let status;
for (let tries = 0; tries < 20 && status !== 200; tries++) {
  if (tries) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  status = await fetch('http://127.0.0.1:8080/').then((answer) => answer.status, () => undefined);
}
if (status !== 200) throw new Error('the API does not answer');
`;

const boot = (version: string, { server: other, run }: GroupOptions) => ({
  'AWS::CloudFormation::Init': {
    configSets: { default: ['run', 'check'] },
    run: {
      packages: { yum: { nodejs22: [], ...run?.packages } },
      files: {
        ...run?.files,
        '/opt/api/server.js': {
          content: other ?? (version === 'broken' ? broken : server(version)),
          mode: '000644',
        },
        '/opt/api/check.mjs': { content: check },
        '/etc/systemd/system/api.service': { content: unit },
      },
      ...(run ? { commands: run.commands } : {}),
      services: { systemd: { api: { enabled: true, ensureRunning: true } } },
    },
    // The signal says that the API answers, and not only that it was started.
    check: { commands: { answers: { command: '/usr/bin/node /opt/api/check.mjs' } } },
  },
});

const userData = (version: string) => `#!/bin/bash
# ${version}
/opt/aws/bin/cfn-init -v --stack \${AWS::StackName} --resource Group --region \${AWS::Region}
/opt/aws/bin/cfn-signal -e $? --stack \${AWS::StackName} --resource Group --region \${AWS::Region}
`;

const ref = (Ref: string) => ({ Ref });

export interface GroupOptions {
  /** What the machines answer; `broken` ends as soon as it is started. */
  readonly version?: string;
  /** Each stack of a region has its own name. */
  readonly host?: string;
  /** Over the group's own properties. */
  readonly group?: Readonly<Record<string, unknown>>;
  readonly userData?: string;
  readonly signalTimeout?: string;
  /** What the machines run, in the place of the usual server. */
  readonly server?: string;
  /** Signals that its creation waits for. */
  readonly count?: number;
  /** Over the launch template's own data. */
  readonly launch?: Readonly<Record<string, unknown>>;
  /** What cfn-init does besides: packages, files and commands. */
  readonly run?: { readonly packages: object; readonly files: object; readonly commands: object };
}

/** Two machines, at least two in service while they are replaced. */
export function groupTemplate(options: GroupOptions = {}): Template {
  const { version = 'first', host = 'api.try.localhost', signalTimeout = 'PT5M', count = 2 } = options;
  const { Machine: machine, Targets: targets, ...rest } = apiTemplate.Resources;
  if (!machine || !targets) throw new Error('the API of one machine has changed');
  const { ImageId, InstanceType } = machine.Properties as Record<string, unknown>;
  const { Targets: _, ...targetGroup } = targets.Properties as Record<string, unknown>;
  const resources: Template['Resources'] = {
    ...rest,
    Targets: { ...targets, Properties: { ...targetGroup, UnhealthyThresholdCount: 2, HealthyThresholdCount: 2 } },
    MachineTemplate: {
      Type: 'AWS::EC2::LaunchTemplate',
      Properties: {
        LaunchTemplateData: {
          ImageId,
          InstanceType,
          SecurityGroupIds: [{ 'Fn::GetAtt': ['MachineGroup', 'GroupId'] }],
          MetadataOptions: { HttpTokens: 'required' },
          UserData: { 'Fn::Base64': { 'Fn::Sub': options.userData ?? userData(version) } },
          ...options.launch,
        },
      },
    },
    Group: {
      Type: 'AWS::AutoScaling::AutoScalingGroup',
      DependsOn: [...(machine.DependsOn as string[]), 'Listener'],
      Metadata: boot(version, options),
      CreationPolicy: { ResourceSignal: { Count: count, Timeout: signalTimeout } },
      UpdatePolicy: {
        AutoScalingRollingUpdate: {
          MinInstancesInService: 2,
          MaxBatchSize: 1,
          WaitOnResourceSignals: true,
          PauseTime: 'PT5M',
          SuspendProcesses: ['HealthCheck', 'ReplaceUnhealthy', 'AZRebalance', 'AlarmNotification', 'ScheduledActions'],
        },
      },
      Properties: {
        MinSize: '2',
        MaxSize: '4',
        LaunchTemplate: {
          LaunchTemplateId: ref('MachineTemplate'),
          Version: { 'Fn::GetAtt': ['MachineTemplate', 'LatestVersionNumber'] },
        },
        VPCZoneIdentifier: [ref('Machines')],
        TargetGroupARNs: [ref('Targets')],
        HealthCheckType: 'ELB',
        HealthCheckGracePeriod: 60,
        ...options.group,
      },
    },
  };
  const named = JSON.stringify(resources).replaceAll('"api.try.localhost"', JSON.stringify(host));
  const zone = host.slice(host.indexOf('.') + 1);
  return { Resources: JSON.parse(named.replaceAll('"try.localhost"', JSON.stringify(zone))) };
}
