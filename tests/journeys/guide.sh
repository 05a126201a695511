#!/usr/bin/env bash
# Every curl of the deployment guide's configuration, health and isolation chapters, as printed there, with host and
# tokens replaced: BASE_URL, ADMIN_TOKEN (of the platform) and TOKEN. One command differs: the printed rate-limit command
# adds the endpoint to a JSON body by --data-urlencode, which no curl can send; the endpoint travels in the query.
# Ends at the first command that is not answered with 2xx.
set -euo pipefail
curl() { command curl --fail-with-body --silent --show-error --output "$ANSWERS/$((++number)).json" "$@" || { cat "$ANSWERS/$number.json" >&2; exit 1; }; }
number=0

# Multi-tenant configuration, 1. Create default tenants
curl -X POST $BASE_URL/api/v1/config/tenants \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "tenantId": "default",
    "tenantName": "Default Tenant",
    "tenantType": "BANK",
    "subscriptionTier": "ENTERPRISE",
    "configuration": {
      "features": {
        "iso20022": true,
        "bulkProcessing": true,
        "advancedMonitoring": true
      }
    }
  }'
curl -X POST $BASE_URL/api/v1/config/tenants \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -H "Content-Type: application/json" \
  -d '{
    "tenantId": "demo-bank",
    "tenantName": "Demo Bank",
    "tenantType": "BANK",
    "subscriptionTier": "STANDARD",
    "configuration": {
      "features": {
        "iso20022": true,
        "bulkProcessing": false,
        "advancedMonitoring": false
      }
    }
  }'

# 2. Configure tenant-specific settings
curl -X POST $BASE_URL/api/v1/config/tenants/demo-bank/config \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -H "X-Tenant-ID: demo-bank" \
  -H "Content-Type: application/json" \
  -d '{
    "configKey": "payment.max_daily_limit",
    "configValue": "100000.00",
    "environment": "production"
  }'
curl -X POST $BASE_URL/api/v1/config/tenants/demo-bank/payment-types \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -H "X-Tenant-ID: demo-bank" \
  -H "Content-Type: application/json" \
  -d '{
    "code": "DEMO_TRANSFER",
    "name": "Demo Transfer",
    "description": "Demo bank specific transfer",
    "isSynchronous": true,
    "maxAmount": 50000.00,
    "processingFee": 1.00
  }'
curl -X PUT "$BASE_URL/api/v1/config/tenants/demo-bank/rate-limits?endpoint=/api/v1/transactions" \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -H "X-Tenant-ID: demo-bank" \
  -H "Content-Type: application/json" \
  -d '{
    "rateLimitPerMinute": 500,
    "burstCapacity": 750,
    "windowSizeSeconds": 60
  }'

# Deployment verification, 1. Health checks
curl -H "Authorization: Bearer $TOKEN" \
     $BASE_URL/api/v1/health
curl -H "Authorization: Bearer $TOKEN" \
     $BASE_URL/api/v1/config/health
curl -H "Authorization: Bearer $TOKEN" \
     -H "X-Tenant-ID: demo-bank" \
     $BASE_URL/api/v1/health

# 2. Multi-tenant verification
curl -H "Authorization: Bearer $TOKEN" \
     -H "X-Tenant-ID: demo-bank" \
     $BASE_URL/api/v1/transactions
curl -H "Authorization: Bearer $TOKEN" \
     -H "X-Tenant-ID: default" \
     $BASE_URL/api/v1/transactions

# 3. Configuration management verification
curl -X POST $BASE_URL/api/v1/config/tenants/demo-bank/features/test-feature \
  -H "Authorization: Bearer $ADMIN_TOKEN" \
  -H "X-Tenant-ID: demo-bank" \
  -H "Content-Type: application/json" \
  -d '{
    "enabled": true,
    "config": {"rolloutPercentage": 50}
  }'
curl -H "Authorization: Bearer $TOKEN" \
     -H "X-Tenant-ID: demo-bank" \
     $BASE_URL/api/v1/config/tenants/demo-bank/features/test-feature

# Tenant context, from the container chapter, and configuration backup
curl -H "Authorization: Bearer $TOKEN" -H "X-Tenant-ID: default" $BASE_URL/api/v1/config/health
curl -H "Authorization: Bearer $ADMIN_TOKEN" \
     $BASE_URL/api/v1/config/tenants
echo "$number commands"
