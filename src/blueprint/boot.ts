/**
 * How a machine becomes one of the API's: user data that only calls cfn-init and reports, and the metadata that cfn-init
 * carries out (packages, the release, a systemd service, the CloudWatch agent, and a wait until the API is healthy).
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-init.html
 */
import { createHash } from 'node:crypto';
import { type CfnResource, Fn, Stack } from 'aws-cdk-lib';
import type { CfnRole } from 'aws-cdk-lib/aws-iam';
import type { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { Config } from './config.ts';
import type { Data } from './data.ts';
import { onlyIf, type Parameters } from './parameters.ts';

export interface Boot {
  readonly userData: string;
  readonly addMetadata: (template: CfnResource) => void;
}

const folder = '/opt/api';
const logFile = '/var/log/api.log';
const environmentFile = '/etc/api.env';
const unitFile = '/etc/systemd/system/api.service';
const agentFile = '/opt/aws/amazon-cloudwatch-agent/etc/api.json';
const waitFile = '/usr/local/lib/wait-for-api.mjs';

interface BootParts {
  readonly role: CfnRole;
  readonly data: Data;
  readonly logGroup: CfnLogGroup;
  /** Logical ids that cfn-init reads from and cfn-signal reports to. */
  readonly templateId: string;
  readonly groupId: string;
}

export function makeBoot(scope: Construct, config: Config, parameters: Parameters, parts: BootParts): Boot {
  const { releaseBucket, releaseKey, conditions, spaOrigin } = parameters;
  const init = initMetadata(config, parameters, parts);
  const authentication = {
    Release: { type: 'S3', buckets: [releaseBucket.valueAsString], roleName: parts.role.ref },
  };
  // A change in metadata alone rolls no machine: what it is made of stands in the user data, too.
  const digest = createHash('sha256')
    .update(JSON.stringify(Stack.of(scope).resolve(init)))
    .digest('hex');
  const stack = '--stack ${AWS::StackName} --region ${AWS::Region}';
  const script = `#!/bin/bash
# Other user data rolls the machines:
# release: \${${releaseKey.node.id}}
# origin: \${Origin}
# boot: ${digest.slice(0, 16)}
/opt/aws/bin/cfn-init -v ${stack} --resource ${parts.templateId}
/opt/aws/bin/cfn-signal -e $? ${stack} --resource ${parts.groupId}
`;
  return {
    userData: Fn.base64(Fn.sub(script, { Origin: spaOrigin })),
    addMetadata(template) {
      template.addMetadata('AWS::CloudFormation::Init', init);
      template.addMetadata('AWS::CloudFormation::Authentication', onlyIf(conditions.hasRelease, authentication));
    },
  };
}

function initMetadata({ api, name }: Config, parameters: Parameters, parts: BootParts) {
  const { releaseBucket, releaseKey, conditions } = parameters;
  const source = `https://\${${releaseBucket.node.id}}.s3.\${AWS::Region}.\${AWS::URLSuffix}/\${${releaseKey.node.id}}`;
  return {
    configSets: {
      default: ['install', Fn.conditionIf(conditions.hasRelease.logicalId, 'release', 'placeholder'), 'run', 'check'],
    },
    install: {
      // dnf by its older name, which every version of cfn-init knows.
      packages: { yum: { [`nodejs${api.node}`]: [], 'amazon-cloudwatch-agent': [] } },
      users: { api: { homeDir: folder } },
    },
    release: { sources: { [folder]: Fn.sub(source) } },
    placeholder: { files: { [`${folder}/${api.start}`]: { content: placeholder } } },
    run: {
      files: {
        [environmentFile]: { content: environment(api, parameters, parts), mode: '000640' },
        [unitFile]: { content: unit(name, api) },
        [agentFile]: { content: agentConfig(parts.logGroup) },
        '/etc/logrotate.d/api': { content: rotation },
        [waitFile]: { content: waitScript(api) },
      },
      commands: {
        agent: {
          command: `/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:${agentFile}`,
        },
      },
      services: {
        systemd: { api: { enabled: true, ensureRunning: true, files: [environmentFile, unitFile], sources: [folder] } },
      },
    },
    // The signal that follows says whether the API answers, not only whether it was started.
    check: { commands: { healthy: { command: `/usr/bin/node ${waitFile}` } } },
  };
}

/** Works as an ES module and as CommonJS: the name that it stands in for may be either. */
const placeholder = `import('node:http').then(({ createServer }) =>
  createServer((request, response) => response.end('Nothing is released here yet.\\n')).listen(process.env.PORT));
`;

/** Sizes bound the disk; the file stays the same one, since the service keeps it open. */
const rotation = `${logFile} {
  size 50M
  rotate 2
  copytruncate
}
`;

function environment(api: Config['api'], { spaOrigin }: Parameters, { data, logGroup }: BootParts): string {
  const own = Object.entries(api.environment).map(
    ([key, value]) => `${key}="${value.replace(/[\\"]/g, '\\$&').replaceAll('${', '${!')}"\n`,
  );
  return Fn.sub(
    `NODE_ENV=production
PORT=${api.port}
AWS_REGION=\${AWS::Region}
DATA_BUCKET=\${${data.bucket.node.id}}
LOG_GROUP=\${${logGroup.node.id}}
ALLOWED_ORIGIN=\${Origin}
${own.join('')}`,
    { Origin: spaOrigin },
  );
}

function unit(name: string, api: Config['api']): string {
  return `[Unit]
Description=API of ${name}
After=network-online.target
Wants=network-online.target
[Service]
User=api
WorkingDirectory=${folder}
EnvironmentFile=${environmentFile}
ExecStart=/usr/bin/node-${api.node} ${api.start}
Restart=always
RestartSec=1
StandardOutput=append:${logFile}
StandardError=append:${logFile}
NoNewPrivileges=yes
PrivateTmp=yes
ProtectSystem=strict
[Install]
WantedBy=multi-user.target
`;
}

/**
 * Memory by group: without the aggregation there is a metric for each machine only, and nothing to scale on.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
 */
function agentConfig(logGroup: CfnLogGroup) {
  const file = (path: string, stream: string) => ({
    file_path: path,
    log_group_name: logGroup.ref,
    log_stream_name: stream,
  });
  return {
    metrics: {
      namespace: 'CWAgent',
      append_dimensions: { AutoScalingGroupName: '${aws:AutoScalingGroupName}', InstanceId: '${aws:InstanceId}' },
      aggregation_dimensions: [['AutoScalingGroupName']],
      metrics_collected: { mem: { measurement: ['mem_used_percent'] } },
    },
    logs: {
      logs_collected: {
        files: { collect_list: [file(logFile, '{instance_id}'), file('/var/log/cfn-init.log', '{instance_id}/boot')] },
      },
    },
  };
}

/** Two minutes for the API to answer its health check, half a second between tries. */
function waitScript({ port, healthPath }: Config['api']): string {
  return `let got;
for (let n = 0; n < 120 && got !== 200; n++) {
  if (n) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  got = await fetch('http://127.0.0.1:${port}${healthPath}').then((answer) => answer.status, (error) => error.cause?.code);
}
if (got !== 200) throw new Error('${healthPath} answers ' + got);
`;
}
