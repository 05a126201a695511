-- The least SQL that is still a payment: the yardstick of every ratio. Idempotency key, three accounts checked and updated,
-- the payment, three entries with the balance after each, an outbox row; one function call, one commit.
-- No tenants, no row-level security, no foreign keys, no triggers.
CREATE TABLE accounts (
    id bigint PRIMARY KEY,
    currency text NOT NULL,
    status text NOT NULL,
    balance_minor bigint NOT NULL,
    version bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 60);
CREATE TABLE idempotency_keys (
    key text PRIMARY KEY,
    payment_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE payments (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    debtor_id bigint NOT NULL,
    creditor_id bigint NOT NULL,
    amount_minor bigint NOT NULL CHECK (amount_minor > 0),
    fee_minor bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_newest_first ON payments (created_at, id);
CREATE TABLE entries (
    account_id bigint NOT NULL,
    version bigint NOT NULL,
    payment_id bigint NOT NULL,
    amount_minor bigint NOT NULL,
    balance_after_minor bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, version)
);
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Customers are 1 to 1,000; below zero stand 100 fee accounts, so that they are no bottleneck.
INSERT INTO accounts (id, currency, status, balance_minor) SELECT n, 'EUR', 'OPEN', 1000000000000 FROM generate_series(1, 1000) n;
INSERT INTO accounts (id, currency, status, balance_minor) SELECT -n, 'EUR', 'OPEN', 0 FROM generate_series(1, 100) n;

CREATE FUNCTION pay(the_key text, debtor bigint, creditor bigint, fee_account bigint, amount bigint, fee bigint, the_currency text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    payment bigint;
    account accounts;
    debtor_row accounts;
    creditor_row accounts;
    fee_row accounts;
BEGIN
    INSERT INTO idempotency_keys (key, payment_id) VALUES (the_key, 0) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'idempotency key used before';
    END IF;
    FOR account IN SELECT * FROM accounts WHERE id IN (debtor, creditor, fee_account) ORDER BY id FOR NO KEY UPDATE LOOP
        IF account.status <> 'OPEN' OR account.currency <> the_currency THEN
            RAISE EXCEPTION 'account % takes no such payment', account.id;
        END IF;
    END LOOP;
    UPDATE accounts SET balance_minor = balance_minor - amount - fee, version = version + 1 WHERE id = debtor RETURNING * INTO debtor_row;
    IF NOT FOUND OR debtor_row.balance_minor < 0 THEN
        RAISE EXCEPTION 'insufficient funds';
    END IF;
    UPDATE accounts SET balance_minor = balance_minor + amount, version = version + 1 WHERE id = creditor RETURNING * INTO STRICT creditor_row;
    UPDATE accounts SET balance_minor = balance_minor + fee, version = version + 1 WHERE id = fee_account RETURNING * INTO STRICT fee_row;
    INSERT INTO payments (debtor_id, creditor_id, amount_minor, fee_minor, currency, status)
        VALUES (debtor, creditor, amount, fee, the_currency, 'COMPLETED') RETURNING id INTO payment;
    INSERT INTO entries (account_id, version, payment_id, amount_minor, balance_after_minor) VALUES
        (debtor, debtor_row.version, payment, -amount - fee, debtor_row.balance_minor),
        (creditor, creditor_row.version, payment, amount, creditor_row.balance_minor),
        (fee_account, fee_row.version, payment, fee, fee_row.balance_minor);
    INSERT INTO outbox (topic, payload) VALUES ('payment.completed', jsonb_build_object('payment', payment));
    RETURN payment;
END $$;
