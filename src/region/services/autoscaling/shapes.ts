/** Shapes of other services that Auto Scaling reads and sends. */
import type { RunInstancesCommandInput } from '@aws-sdk/client-ec2';

export type { PutScalingPolicyCommandInput } from '@aws-sdk/client-auto-scaling';

export type RunInstancesShape = RunInstancesCommandInput;

export interface DescribedInstance {
  readonly InstanceId: string;
  readonly InstanceType: string;
  readonly State: { readonly Name: string };
  readonly SubnetId: string;
  readonly VpcId: string;
  readonly Placement: { readonly AvailabilityZone: string };
  readonly LaunchTime: Date;
  readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
}

export interface DescribedInstances {
  readonly Reservations: readonly { readonly Instances: readonly DescribedInstance[] }[];
}

export interface DescribedStatuses {
  readonly InstanceStatuses: readonly {
    readonly InstanceId: string;
    readonly InstanceState: { readonly Name: string };
    readonly InstanceStatus: { readonly Status: string };
  }[];
  readonly NextToken?: string;
}

export interface DescribedHealth {
  readonly TargetHealthDescriptions: readonly {
    readonly Target: { readonly Id: string; readonly Port: number };
    readonly TargetHealth: { readonly State: string; readonly Reason?: string; readonly Description?: string };
  }[];
}

export interface DescribedTemplates {
  readonly LaunchTemplates: readonly { readonly LaunchTemplateId: string; readonly LaunchTemplateName: string }[];
}

export interface DescribedVersions {
  readonly LaunchTemplateVersions: readonly {
    readonly VersionNumber: number;
    readonly LaunchTemplateData: { readonly InstanceType?: string; readonly ImageId?: string };
  }[];
}
