CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME; END $$;
CREATE TABLE public.agents (
    id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    tier text NOT NULL,
    supervisor_id text,
    permissions text NOT NULL,
    capabilities text NOT NULL,
    config text NOT NULL,
    state text NOT NULL,
    status_reason text,
    secret_sha256 bytea,
    created_at timestamp with time zone NOT NULL,
    last_active_at timestamp with time zone
);
CREATE SEQUENCE public.audit_ordinal
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
CREATE TABLE public.audit_entries (
    id uuid NOT NULL,
    ordinal bigint DEFAULT nextval('public.audit_ordinal'::regclass) NOT NULL,
    action text NOT NULL,
    actor_id text,
    session_id uuid,
    entity_type text NOT NULL,
    entity_id text NOT NULL,
    metadata text NOT NULL,
    personal text NOT NULL,
    duration_ms bigint,
    request_id uuid,
    cause_id uuid,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.audit_personal (
    entry_id uuid NOT NULL,
    field text NOT NULL,
    value text NOT NULL,
    salt bytea NOT NULL
);
CREATE TABLE public.audit_queue (
    ordinal bigint NOT NULL,
    entry_id uuid NOT NULL
);
CREATE TABLE public.idempotency_keys (
    creator_id text NOT NULL,
    key text NOT NULL,
    request_sha256 text NOT NULL,
    task_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.installation (
    singleton smallint NOT NULL,
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT installation_singleton_check CHECK ((singleton = 1))
);
CREATE TABLE public.ledger (
    sequence bigint NOT NULL,
    entry_id uuid NOT NULL,
    leaf_hash bytea NOT NULL
);
CREATE TABLE public.seaql_migrations (
    version character varying NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE public.sessions (
    id uuid NOT NULL,
    agent_id text NOT NULL,
    issued_by text,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    ip_address text
);
CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    public_key bytea NOT NULL,
    sealed_private_key bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    verify_until timestamp with time zone
);
CREATE TABLE public.task_types (
    name text NOT NULL COLLATE pg_catalog."C",
    version integer NOT NULL,
    input_schema text NOT NULL,
    output_schema text NOT NULL,
    requires_review boolean NOT NULL,
    lease_seconds integer NOT NULL,
    start_timeout_seconds integer,
    deadline_seconds integer,
    max_attempts integer NOT NULL,
    backoff_seconds integer NOT NULL,
    max_concurrent integer,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.tasks (
    id uuid NOT NULL,
    type_name text NOT NULL,
    type_version integer NOT NULL,
    status text NOT NULL,
    priority smallint NOT NULL,
    creator_id text NOT NULL,
    assignee_id text,
    reviewer_id text,
    parent_id uuid,
    depth smallint NOT NULL,
    metadata text NOT NULL,
    input text NOT NULL,
    output text,
    output_sha256 text,
    error text,
    review_feedback text,
    rejection_count integer NOT NULL,
    attempt integer NOT NULL,
    failure_count integer NOT NULL,
    max_attempts integer NOT NULL,
    lease_expires_at timestamp with time zone,
    progress smallint NOT NULL,
    progress_message text,
    created_at timestamp with time zone NOT NULL,
    assigned_at timestamp with time zone,
    started_at timestamp with time zone,
    review_requested_at timestamp with time zone,
    reviewed_at timestamp with time zone,
    completed_at timestamp with time zone,
    deadline timestamp with time zone,
    duration_ms bigint,
    revision integer NOT NULL
);
INSERT INTO public.agents VALUES ('SYSTEM-000', 'Control Center', 'SYSTEM', NULL, '["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW","DELEGATE_TO_L2","APPROVE_ASSET","MODIFY_PIPELINE","CREATE_WORKFLOW","MANAGE_AGENTS","MODIFY_PERMISSIONS","ACCESS_AUDIT_LOGS"]', '[]', '{}', 'OPERATIONAL', NULL, NULL, '2026-11-22 22:11:37.198147+00', NULL);
INSERT INTO public.agents VALUES ('L3-CHAR-POSE-001', 'Pose', 'L3', 'L2-CHAR-001', '["EXECUTE_TASK","REPORT_STATUS"]', '["DRAW"]', '{}', 'OPERATIONAL', NULL, '\x422e74e7d661525e2b4d2e882a0d76aad84993707a000ae68e8053fb34d57826', '2026-11-22 22:11:37.260506+00', NULL);
INSERT INTO public.agents VALUES ('SYSTEM-001', 'First Operator', 'SYSTEM', NULL, '["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW","DELEGATE_TO_L2","APPROVE_ASSET","MODIFY_PIPELINE","CREATE_WORKFLOW","MANAGE_AGENTS","MODIFY_PERMISSIONS","ACCESS_AUDIT_LOGS"]', '[]', '{}', 'OPERATIONAL', NULL, '\xa6a3f5617bfd878abef28ede63611503e112be2eaf8106cb5bb0963fa2dfcd55', '2026-11-22 22:11:37.198147+00', '2026-11-22 22:11:37.303033+00');
INSERT INTO public.agents VALUES ('L1-ART-001', 'ARTEMIS', 'L1', NULL, '["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW","DELEGATE_TO_L2","APPROVE_ASSET","MODIFY_PIPELINE","CREATE_WORKFLOW"]', '[]', '{}', 'OPERATIONAL', NULL, '\xcbde79db27328b7bcb6303f08497d234cb9ab9002f1ba03b2767bcfefa07f8a6', '2026-11-22 22:11:37.260506+00', '2026-11-22 22:11:37.451398+00');
INSERT INTO public.agents VALUES ('L2-CHAR-001', 'Characters', 'L2', 'L1-ART-001', '["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW"]', '[]', '{"palette":"ember"}', 'OPERATIONAL', NULL, '\x2eed0545be59628b2153b6119d0a88e3608a510dd357f9effe7ebb77e87fb6b4', '2026-11-22 22:11:37.260506+00', '2026-11-22 22:11:37.42278+00');
INSERT INTO public.audit_entries VALUES ('01a20550-966e-75cf-850a-81955af42a9a', 1, 'SIGNING_KEY_ROTATED', 'SYSTEM-000', NULL, 'SYSTEM', 'gHl38a1hFdto7aNcA7Ma8KXRyRnuiz-rOToj8CI8BIY', '{"kid":"gHl38a1hFdto7aNcA7Ma8KXRyRnuiz-rOToj8CI8BIY","purpose":"sessions","set":{"createdAt":"2026-11-22T22:11:37.198147Z","publicKey":"98869db14c8014b23e9e828136b0b627e1e4f4cc07980181621284e7986349c3"}}', '{}', 2, '01a20550-966d-7011-95a8-d15cb3ef0154', NULL, '2026-11-22 22:11:37.198147+00');
INSERT INTO public.audit_entries VALUES ('01a20550-966e-7618-a04e-d35d6f3905c7', 2, 'AGENT_REGISTERED', 'SYSTEM-000', NULL, 'AGENT', 'SYSTEM-000', '{"set":{"capabilities":[],"configSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","createdAt":"2026-11-22T22:11:37.198147Z","name":"Control Center","permissions":["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW","DELEGATE_TO_L2","APPROVE_ASSET","MODIFY_PIPELINE","CREATE_WORKFLOW","MANAGE_AGENTS","MODIFY_PERMISSIONS","ACCESS_AUDIT_LOGS"],"state":"OPERATIONAL","tier":"SYSTEM"}}', '{}', 3, '01a20550-966d-7011-95a8-d15cb3ef0154', NULL, '2026-11-22 22:11:37.198147+00');
INSERT INTO public.audit_entries VALUES ('01a20550-966e-7b75-be28-cf21dab9538e', 3, 'AGENT_REGISTERED', 'SYSTEM-000', NULL, 'AGENT', 'SYSTEM-001', '{"set":{"capabilities":[],"configSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","createdAt":"2026-11-22T22:11:37.198147Z","name":"First Operator","permissions":["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW","DELEGATE_TO_L2","APPROVE_ASSET","MODIFY_PIPELINE","CREATE_WORKFLOW","MANAGE_AGENTS","MODIFY_PERMISSIONS","ACCESS_AUDIT_LOGS"],"state":"OPERATIONAL","tier":"SYSTEM"}}', '{}', 3, '01a20550-966d-7011-95a8-d15cb3ef0154', NULL, '2026-11-22 22:11:37.198147+00');
INSERT INTO public.audit_entries VALUES ('01a20550-969f-732b-ac13-9d777e0f2b64', 4, 'SESSION_CREATED', 'SYSTEM-001', '01a20550-969f-702a-beaf-9b5a330857fc', 'SESSION', 'sess_01m82n15mze0nbxbwvb8sggnzw', '{"agentId":"SYSTEM-001","set":{"agentId":"SYSTEM-001","createdAt":"2026-11-22T22:11:37.247010Z","expiresAt":"2026-11-22T23:11:37.247010Z"}}', '{"ipAddress":"0cc13a4b64803cb6b5d596fa1a1c25c50aeeb18b230a485be3fa27d26769503a","userAgent":"f13220c688ab1fd7168012820900d5b9265b6f8be1ffc0a45c8b200a6238736e"}', 4, '01a20550-969c-7da5-8578-5444db00ac5b', NULL, '2026-11-22 22:11:37.24701+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96ac-72c0-92bd-8b294737dace', 5, 'AGENT_REGISTERED', 'SYSTEM-001', '01a20550-969f-702a-beaf-9b5a330857fc', 'AGENT', 'L1-ART-001', '{"set":{"capabilities":[],"configSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","createdAt":"2026-11-22T22:11:37.260506Z","name":"ARTEMIS","permissions":["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW","DELEGATE_TO_L2","APPROVE_ASSET","MODIFY_PIPELINE","CREATE_WORKFLOW"],"state":"OPERATIONAL","tier":"L1"}}', '{"ipAddress":"a95527b0b94d8d678ef954b2856934598e6a1a679376013b28a028f7a7e3cd97","userAgent":"37527677efcd5a5603f1c9539279a24bb7302a3dd8bbff4fde73eb988659ef7e"}', 7, '01a20550-96a7-70ec-b7b8-3fe55e3e2f74', NULL, '2026-11-22 22:11:37.260506+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96ac-7d87-951d-34289fa60e19', 6, 'AGENT_REGISTERED', 'SYSTEM-001', '01a20550-969f-702a-beaf-9b5a330857fc', 'AGENT', 'L2-CHAR-001', '{"set":{"capabilities":[],"configSha256":"4ebc347073800c91e431dd11e7d1daed099488a471fc1feea2d107977697ae4c","createdAt":"2026-11-22T22:11:37.260506Z","name":"Characters","permissions":["EXECUTE_TASK","REPORT_STATUS","DELEGATE_TO_L3","AGGREGATE_L3_RESULTS","REQUEST_L1_REVIEW"],"state":"OPERATIONAL","supervisorId":"L1-ART-001","tier":"L2"}}', '{"ipAddress":"8c7982764e56695a22c30e97e4968634f0e459c8db33486a4267f2b702c33739","userAgent":"1d2223e0e07176b71518838233db2ed4f316e8335a957cfc94b748c45afb2eaa"}', 7, '01a20550-96a7-70ec-b7b8-3fe55e3e2f74', NULL, '2026-11-22 22:11:37.260506+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96ac-7e11-9ffe-147846011421', 7, 'AGENT_REGISTERED', 'SYSTEM-001', '01a20550-969f-702a-beaf-9b5a330857fc', 'AGENT', 'L3-CHAR-POSE-001', '{"set":{"capabilities":["DRAW"],"configSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","createdAt":"2026-11-22T22:11:37.260506Z","name":"Pose","permissions":["EXECUTE_TASK","REPORT_STATUS"],"state":"OPERATIONAL","supervisorId":"L2-CHAR-001","tier":"L3"}}', '{"ipAddress":"5d7b92583c413a2ac0628a53963e87796e374da6de10bf444bb387ed0745a963","userAgent":"9b29f80fca0bffbf6d3b5fe7b51a297f4a5db181fa7f41b62408430c43078f39"}', 7, '01a20550-96a7-70ec-b7b8-3fe55e3e2f74', NULL, '2026-11-22 22:11:37.260506+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96c2-790b-84c5-ba243bba1359', 8, 'TASK_TYPE_DEFINED', 'SYSTEM-001', '01a20550-969f-702a-beaf-9b5a330857fc', 'TASK_TYPE', 'DRAW@1', '{"set":{"backoffSeconds":5,"createdAt":"2026-11-22T22:11:37.282731Z","inputSchemaSha256":"a2c799262a3ce3c19ef5cdd983bf3d12b43ab3c426227091b909dcb7054738c0","leaseSeconds":0,"maxAttempts":3,"name":"DRAW","outputSchemaSha256":"a2c799262a3ce3c19ef5cdd983bf3d12b43ab3c426227091b909dcb7054738c0","requiresReview":false,"version":1}}', '{"ipAddress":"6ed421f80f642cfa91cd70cb5574b0f9471b32db12bea132cab5686fb72ae0af","userAgent":"57d7d4c7a9b00c9e70195f47af29ac4567965b936399fa22c25de5910499c5d7"}', 13, '01a20550-96b6-71d0-ab60-5c4e6b4ff825', NULL, '2026-11-22 22:11:37.282731+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96cf-736d-a6e6-803362a4b76a', 9, 'SESSION_CREATED', 'SYSTEM-001', '01a20550-969f-702a-beaf-9b5a330857fc', 'SESSION', 'sess_01m82n15pff1ka8fd46preew42', '{"agentId":"L1-ART-001","set":{"agentId":"L1-ART-001","createdAt":"2026-11-22T22:11:37.295254Z","expiresAt":"2026-11-22T23:11:37.295254Z","issuedBy":"SYSTEM-001"}}', '{"ipAddress":"d83f2f361632bc1f9328f7c29331f01a034c2b53b30b63e72ef68db4850b7d08","userAgent":"35318133d1ca6632f185439bab5d6e131c1472e092be3942b86502caf21d4f09"}', 8, '01a20550-96c9-740e-8530-2cc8702c1bcc', NULL, '2026-11-22 22:11:37.295254+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96d8-773b-8710-5c30d444b4cc', 10, 'SESSION_CREATED', 'SYSTEM-001', '01a20550-969f-702a-beaf-9b5a330857fc', 'SESSION', 'sess_01m82n15prep9by0behje39npj', '{"agentId":"L2-CHAR-001","set":{"agentId":"L2-CHAR-001","createdAt":"2026-11-22T22:11:37.304330Z","expiresAt":"2026-11-22T23:11:37.304330Z","issuedBy":"SYSTEM-001"}}', '{"ipAddress":"1e60a3c487608ffff1fbc553158b26c79f727523ea4048bd34fc20df242b6b3c","userAgent":"c4ea87e4c8cedda7ed1d27d58e6e954d23032ea9c060cf2ce6002538417d9c56"}', 2, '01a20550-96d6-7f81-856e-3c154a13185c', NULL, '2026-11-22 22:11:37.30433+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96e6-792c-a6ec-3cd11a2ef2f6', 11, 'TASK_DELEGATED', 'L1-ART-001', '01a20550-96cf-7866-a43d-a435b0e77082', 'TASK', 'task_01m82n15q6f8j9pa23t4k6tzsy', '{"path":["PENDING","ASSIGNED"],"set":{"assignedAt":"2026-11-22T22:11:37.318694Z","assigneeId":"L2-CHAR-001","attempt":0,"createdAt":"2026-11-22T22:11:37.318694Z","creatorId":"L1-ART-001","depth":0,"failureCount":0,"inputSha256":"3e99d22b5bd62573ad433c65f00fe193e704d5265b8bb9a63c517dbfb91190fc","maxAttempts":3,"metadataSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","priority":"MEDIUM","progress":0,"rejectionCount":0,"revision":0,"status":"ASSIGNED","typeName":"DRAW","typeVersion":1},"taskType":"DRAW","toAgentId":"L2-CHAR-001"}', '{"ipAddress":"240cfb0812838a060fdaabe76ba5f2b1e5920682a9c4d021dafcd7b14e14bde0","userAgent":"d497834dca3426eb1aeedfc9c29e89cce7d915612945058a5fc3aa797e733e01"}', 12, '01a20550-96df-70db-9d1f-554ab7aede26', NULL, '2026-11-22 22:11:37.318694+00');
INSERT INTO public.audit_entries VALUES ('01a20550-96f5-7de1-876a-edb442534593', 12, 'TASK_STARTED', 'L2-CHAR-001', '01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'TASK', 'task_01m82n15q6f8j9pa23t4k6tzsy', '{"path":["ASSIGNED","IN_PROGRESS"],"set":{"attempt":1,"revision":1,"startedAt":"2026-11-22T22:11:37.333487Z"}}', '{"ipAddress":"8cda944f6be00f2a0a3bb1f9bb7db81863c6d64b1ea0c41ed73e67f253f8f718","userAgent":"8ca59d8cac4b5e8a5361465c65c9d4bc899ccbc785aa700c143c6bc234b9dc5a"}', 10, '01a20550-96f2-75ae-84c6-71cd108b3543', NULL, '2026-11-22 22:11:37.333487+00');
INSERT INTO public.audit_entries VALUES ('01a20550-970a-7d55-8bd1-264626e72d5f', 13, 'TASK_REVIEW_REQUESTED', 'L2-CHAR-001', '01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'TASK', 'task_01m82n15q6f8j9pa23t4k6tzsy', '{"path":["IN_PROGRESS","REVIEW_REQUESTED"],"set":{"outputSha256":"939eee178b1f7df8f05cbb873b7c1d2eb2a17b59ee7cb2dfaa6c155fb9d01e68","progress":100,"reviewRequestedAt":"2026-11-22T22:11:37.354011Z","revision":2}}', '{"ipAddress":"64581e4fec179d71f48bff9164c62396f99a2a92588a5acb82604203fc6dce93","userAgent":"a6c72a70374f68759cefd9516b28b4359de7c4a81f133fafc32f8c43ea70c7b1"}', 10, '01a20550-9703-7606-99f2-25c5b4ce756d', NULL, '2026-11-22 22:11:37.354011+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9711-72f5-a369-9a69774191b5', 14, 'TASK_APPROVED', 'L1-ART-001', '01a20550-96cf-7866-a43d-a435b0e77082', 'TASK', 'task_01m82n15q6f8j9pa23t4k6tzsy', '{"path":["REVIEW_REQUESTED","APPROVED"],"set":{"reviewedAt":"2026-11-22T22:11:37.361959Z","reviewerId":"L1-ART-001","revision":3}}', '{"ipAddress":"aa402958017c00d0ca56a399c46757ff693c665cb56a7e510718b0dd788e2b26","userAgent":"540d3780edba297e76d50fd2c1677e00c081d3a8aff89f043a3ff1dca873f98e"}', 5, '01a20550-9710-75ec-b12a-2b7fe7629b9f', NULL, '2026-11-22 22:11:37.361959+00');
INSERT INTO public.audit_entries VALUES ('01a20550-971c-74c8-a8fc-f82d6f6e452a', 15, 'TASK_COMPLETED', 'L2-CHAR-001', '01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'TASK', 'task_01m82n15q6f8j9pa23t4k6tzsy', '{"path":["APPROVED","COMPLETED"],"set":{"completedAt":"2026-11-22T22:11:37.372880Z","durationMs":39,"revision":4}}', '{"ipAddress":"e5e44005588f6accd44e9cb645c164a10aa14935eae038d97996699bb32dcb9b","userAgent":"facee01f58fc484a27c8a972fc39600a9586fa58ff7bf7920bcfc32a27d16c46"}', 7, '01a20550-9718-7fe8-8429-4168a68925be', NULL, '2026-11-22 22:11:37.37288+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9727-7bdf-8af7-b2576f697bb5', 16, 'TASK_DELEGATED', 'L1-ART-001', '01a20550-96cf-7866-a43d-a435b0e77082', 'TASK', 'task_01m82n15s7f0wsfrr47d3yjmdm', '{"path":["PENDING","ASSIGNED"],"set":{"assignedAt":"2026-11-22T22:11:37.383906Z","assigneeId":"L2-CHAR-001","attempt":0,"createdAt":"2026-11-22T22:11:37.383906Z","creatorId":"L1-ART-001","depth":0,"failureCount":0,"inputSha256":"0240b9f5baf6eb2aabfb6c56a6bc7e35fabf729938ac14b460861e2ba2916a21","maxAttempts":3,"metadataSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","priority":"MEDIUM","progress":0,"rejectionCount":0,"revision":0,"status":"ASSIGNED","typeName":"DRAW","typeVersion":1},"taskType":"DRAW","toAgentId":"L2-CHAR-001"}', '{"ipAddress":"de437dff686bb71b67aefda8e8e833092172e92e9a189674c2cae62fc3c48d1d","userAgent":"f0252adc61a2e64d1a50215fdceac2f3e2767460220c106d65b12e51c211d321"}', 6, '01a20550-9723-74e2-8ab2-ae465af4e7f3', NULL, '2026-11-22 22:11:37.383906+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9742-7775-aec3-d821e8294793', 19, 'TASK_DELEGATED', 'L1-ART-001', '01a20550-96cf-7866-a43d-a435b0e77082', 'TASK', 'task_01m82n15t2ewxam65g3307cvx7', '{"path":["PENDING","ASSIGNED"],"set":{"assignedAt":"2026-11-22T22:11:37.410335Z","assigneeId":"L2-CHAR-001","attempt":0,"createdAt":"2026-11-22T22:11:37.410335Z","creatorId":"L1-ART-001","depth":0,"failureCount":0,"inputSha256":"5089bff34330a9ddaad0e1acb4c003ca5c823ccdbc08ca7b74a921d576e5e437","maxAttempts":3,"metadataSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","priority":"MEDIUM","progress":0,"rejectionCount":0,"revision":0,"status":"ASSIGNED","typeName":"DRAW","typeVersion":1},"taskType":"DRAW","toAgentId":"L2-CHAR-001"}', '{"ipAddress":"6f66f7bb19ddd585970faedaf649612c7d58a7be0cd498ec0eda53027025b5c1","userAgent":"78e5c868a67b6cdd0165c415c851f790f9c26f44dc5d69a6b462951999016a59"}', 6, '01a20550-973d-7d75-9c10-eca1a21f433a', NULL, '2026-11-22 22:11:37.410335+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9748-79f2-8246-e190795bbdbe', 20, 'TASK_STARTED', 'L2-CHAR-001', '01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'TASK', 'task_01m82n15t2ewxam65g3307cvx7', '{"path":["ASSIGNED","IN_PROGRESS"],"set":{"attempt":1,"revision":1,"startedAt":"2026-11-22T22:11:37.416474Z"}}', '{"ipAddress":"f640536785d26b08bd4944bfe1eedbceb983d2ccbdfe5ac02038ac3273dfcf34","userAgent":"a140b711fb759652087b729d409abc8dbc16bf3bf381f9aded30f28fe84d3e1b"}', 5, '01a20550-9746-7c45-900f-0ceefc6342d6', NULL, '2026-11-22 22:11:37.416474+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9751-7943-8de3-3bb6cb71b1f2', 21, 'TASK_FAILED', 'L2-CHAR-001', '01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'TASK', 'task_01m82n15t2ewxam65g3307cvx7', '{"error":"the brush broke","path":["IN_PROGRESS","FAILED"],"retryable":true,"set":{"completedAt":"2026-11-22T22:11:37.425402Z","durationMs":8,"error":"the brush broke","failureCount":1,"revision":2}}', '{"ipAddress":"367d716993a39f7585c0131e583eb95d3f7b3f53778812cb6e7da902245a10d5","userAgent":"f3b8253df54780aa68ed78a24cc253ac2265782a6f6843ce3b079e9d5944487e"}', 4, '01a20550-974e-7e96-955f-ee8e28d66b9a', NULL, '2026-11-22 22:11:37.425402+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9758-7fa4-95b7-dc1493c2c907', 22, 'TASK_DELEGATED', 'L1-ART-001', '01a20550-96cf-7866-a43d-a435b0e77082', 'TASK', 'task_01m82n15trepk9sbzycy8kdaak', '{"path":["PENDING","ASSIGNED"],"set":{"assignedAt":"2026-11-22T22:11:37.432680Z","assigneeId":"L2-CHAR-001","attempt":0,"createdAt":"2026-11-22T22:11:37.432680Z","creatorId":"L1-ART-001","depth":0,"failureCount":0,"inputSha256":"db24a992437e674e0a029910c5c67f85715046f0ba9b2a6f6a99c7c796e07c95","maxAttempts":3,"metadataSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","priority":"MEDIUM","progress":0,"rejectionCount":0,"revision":0,"status":"ASSIGNED","typeName":"DRAW","typeVersion":1},"taskType":"DRAW","toAgentId":"L2-CHAR-001"}', '{"ipAddress":"e15839209ba86b1f3e34cc9f6707c029b345fa00bfc71253ab6d1880373a29b7","userAgent":"fe248f27f5b731d1961b4df2b3855b202319ee04b17119b66ab2778f5dde12cd"}', 5, '01a20550-9755-7948-b383-c261b63a8977', NULL, '2026-11-22 22:11:37.43268+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9730-7501-baa7-b472ef5f0215', 17, 'TASK_STARTED', 'L2-CHAR-001', '01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'TASK', 'task_01m82n15s7f0wsfrr47d3yjmdm', '{"path":["ASSIGNED","IN_PROGRESS"],"set":{"attempt":1,"revision":1,"startedAt":"2026-11-22T22:11:37.392914Z"}}', '{"ipAddress":"316dd6b99b8f1c16406d43e0b81fcb9ee6c4c54e346d2d1c294b315a93d7fcc4","userAgent":"634c078dec88a0fb2e58fa7b8ccc117147fb492468631cc2316d801a688060be"}', 3, '01a20550-972e-735f-910a-e84c8153eeda', NULL, '2026-11-22 22:11:37.392914+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9737-7416-9d43-b5794b9f05bf', 18, 'TASK_DELEGATED', 'L2-CHAR-001', '01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'TASK', 'task_01m82n15sqfa6rbwmy7b9sz6tk', '{"path":["PENDING","ASSIGNED"],"set":{"assignedAt":"2026-11-22T22:11:37.399554Z","assigneeId":"L3-CHAR-POSE-001","attempt":0,"createdAt":"2026-11-22T22:11:37.399554Z","creatorId":"L2-CHAR-001","depth":1,"failureCount":0,"inputSha256":"ee7e9707660f274895b8683db453b3af96434a4d17583bbfdeefed1bbcb85435","maxAttempts":3,"metadataSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","parentId":"task_01m82n15s7f0wsfrr47d3yjmdm","priority":"MEDIUM","progress":0,"rejectionCount":0,"revision":0,"status":"ASSIGNED","typeName":"DRAW","typeVersion":1},"taskType":"DRAW","toAgentId":"L3-CHAR-POSE-001"}', '{"ipAddress":"fba74096ed7e951e1ffdea798ff8cf8f7722fab19244a4d876650ca5a7c0938f","userAgent":"f80b3f1242f88e47051b61fb5792a39e8ee11f8193e0a9f83d1f6853feda3fc9"}', 5, '01a20550-9734-7dbc-b69d-66c30182a23b', NULL, '2026-11-22 22:11:37.399554+00');
INSERT INTO public.audit_entries VALUES ('01a20550-9762-76b7-83ba-81cdba8b7242', 23, 'TASK_DELEGATED', 'L1-ART-001', '01a20550-96cf-7866-a43d-a435b0e77082', 'TASK', 'task_01m82n15v2emh82m6n9qqcztgr', '{"path":["PENDING","ASSIGNED"],"set":{"assignedAt":"2026-11-22T22:11:37.442794Z","assigneeId":"L2-CHAR-001","attempt":0,"createdAt":"2026-11-22T22:11:37.442794Z","creatorId":"L1-ART-001","depth":0,"failureCount":0,"inputSha256":"c9ced113a5d05120ff068dc1058638a448e47e6f734c7a981968dea440a27a80","maxAttempts":3,"metadataSha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","priority":"MEDIUM","progress":0,"rejectionCount":0,"revision":0,"status":"ASSIGNED","typeName":"DRAW","typeVersion":1},"taskType":"DRAW","toAgentId":"L2-CHAR-001"}', '{"ipAddress":"cad97caac3ba6548ef0c621f51add9e7ac71a4669eb5891b42419260033925e8","userAgent":"8c8d04fc35ea87ae6cfd6d4c1ed070483363baa15d6ec2e777452c0cc5fdcf26"}', 7, '01a20550-975d-73ca-972d-4744493fc474', NULL, '2026-11-22 22:11:37.442794+00');
INSERT INTO public.audit_entries VALUES ('01a20550-976d-77e7-9973-d3953c563b06', 24, 'TASK_CANCELLED', 'L1-ART-001', '01a20550-96cf-7866-a43d-a435b0e77082', 'TASK', 'task_01m82n15v2emh82m6n9qqcztgr', '{"path":["ASSIGNED","CANCELLED"],"set":{"completedAt":"2026-11-22T22:11:37.453634Z","revision":1}}', '{"ipAddress":"a6ec33763b016c12ded69964982b0c7fc5fe687741ffe99a20775a8e5fb9c3ee","userAgent":"4542af418884963a3841c41135cb459b751bc3b51273157b1492bada8702103c"}', 3, '01a20550-976b-7328-bea6-8bf61ad4f8d2', NULL, '2026-11-22 22:11:37.453634+00');
INSERT INTO public.audit_personal VALUES ('01a20550-969f-732b-ac13-9d777e0f2b64', 'ipAddress', '127.0.0.1', '\x25b94f398d1d44369105f48198111fc2');
INSERT INTO public.audit_personal VALUES ('01a20550-969f-732b-ac13-9d777e0f2b64', 'userAgent', 'Python-urllib/3.11', '\xec2f1906723b1d41e89056e45782b1e4');
INSERT INTO public.audit_personal VALUES ('01a20550-96ac-72c0-92bd-8b294737dace', 'ipAddress', '127.0.0.1', '\x2f473fedec2393cfbdb9810746a18f0f');
INSERT INTO public.audit_personal VALUES ('01a20550-96ac-72c0-92bd-8b294737dace', 'userAgent', 'Python-urllib/3.11', '\x15c5cfd0732d5f4ab14616d99e9da6fc');
INSERT INTO public.audit_personal VALUES ('01a20550-96ac-7d87-951d-34289fa60e19', 'ipAddress', '127.0.0.1', '\x179a0b74aeef4b861451139b26439d2f');
INSERT INTO public.audit_personal VALUES ('01a20550-96ac-7d87-951d-34289fa60e19', 'userAgent', 'Python-urllib/3.11', '\xf9d3437fe7e14a1d389f75cd60e43d88');
INSERT INTO public.audit_personal VALUES ('01a20550-96ac-7e11-9ffe-147846011421', 'ipAddress', '127.0.0.1', '\xb7a81ab3dff9e1253ea88e320841775f');
INSERT INTO public.audit_personal VALUES ('01a20550-96ac-7e11-9ffe-147846011421', 'userAgent', 'Python-urllib/3.11', '\x9a197f15bdb571b547b2d1a4e753fd1c');
INSERT INTO public.audit_personal VALUES ('01a20550-96c2-790b-84c5-ba243bba1359', 'ipAddress', '127.0.0.1', '\x5d85fd8097336c9d56409e107762ed21');
INSERT INTO public.audit_personal VALUES ('01a20550-96c2-790b-84c5-ba243bba1359', 'userAgent', 'Python-urllib/3.11', '\x77e44cc27c82efa9d0f7fba9ad343eea');
INSERT INTO public.audit_personal VALUES ('01a20550-96cf-736d-a6e6-803362a4b76a', 'ipAddress', '127.0.0.1', '\x57f8365a6026db3879fa898f4ad0e89e');
INSERT INTO public.audit_personal VALUES ('01a20550-96cf-736d-a6e6-803362a4b76a', 'userAgent', 'Python-urllib/3.11', '\x4cb5d74f3c76583bebc3d05c1c785a02');
INSERT INTO public.audit_personal VALUES ('01a20550-96d8-773b-8710-5c30d444b4cc', 'ipAddress', '127.0.0.1', '\x121084514d85bd6090c4ab1df18f10af');
INSERT INTO public.audit_personal VALUES ('01a20550-96d8-773b-8710-5c30d444b4cc', 'userAgent', 'Python-urllib/3.11', '\x801a09fbb04c053fe38fad6099580a95');
INSERT INTO public.audit_personal VALUES ('01a20550-96e6-792c-a6ec-3cd11a2ef2f6', 'ipAddress', '127.0.0.1', '\x60bfcd2fb5c5cd37870ad5e6c38874bf');
INSERT INTO public.audit_personal VALUES ('01a20550-96e6-792c-a6ec-3cd11a2ef2f6', 'userAgent', 'Python-urllib/3.11', '\x4fdecac7c80d68fd995ec19a52110ce3');
INSERT INTO public.audit_personal VALUES ('01a20550-96f5-7de1-876a-edb442534593', 'ipAddress', '127.0.0.1', '\xc05892e84b9da7dae4b384ac89d238e9');
INSERT INTO public.audit_personal VALUES ('01a20550-96f5-7de1-876a-edb442534593', 'userAgent', 'Python-urllib/3.11', '\x8bb95a847cca8a84b3a369a1b8ad6ecc');
INSERT INTO public.audit_personal VALUES ('01a20550-970a-7d55-8bd1-264626e72d5f', 'ipAddress', '127.0.0.1', '\x9e6a1112133c945b6e6def532d99e5a4');
INSERT INTO public.audit_personal VALUES ('01a20550-970a-7d55-8bd1-264626e72d5f', 'userAgent', 'Python-urllib/3.11', '\xbf53049e1552f88fa9673f5c393f6748');
INSERT INTO public.audit_personal VALUES ('01a20550-9711-72f5-a369-9a69774191b5', 'ipAddress', '127.0.0.1', '\xea242e59d941291b6d21c7f239ca8ecb');
INSERT INTO public.audit_personal VALUES ('01a20550-9711-72f5-a369-9a69774191b5', 'userAgent', 'Python-urllib/3.11', '\x778bd6b91e7595a0e5288977af95fbfc');
INSERT INTO public.audit_personal VALUES ('01a20550-971c-74c8-a8fc-f82d6f6e452a', 'ipAddress', '127.0.0.1', '\x0f590ba21e93afe640f1fadf1ec066c7');
INSERT INTO public.audit_personal VALUES ('01a20550-971c-74c8-a8fc-f82d6f6e452a', 'userAgent', 'Python-urllib/3.11', '\x63d40d0664726566c68170397d692583');
INSERT INTO public.audit_personal VALUES ('01a20550-9727-7bdf-8af7-b2576f697bb5', 'ipAddress', '127.0.0.1', '\x22ba5d08e6c0b3ea22c3e2ac61edb16e');
INSERT INTO public.audit_personal VALUES ('01a20550-9727-7bdf-8af7-b2576f697bb5', 'userAgent', 'Python-urllib/3.11', '\xb2b16e54ec84fb526de81cf65fee5eec');
INSERT INTO public.audit_personal VALUES ('01a20550-9730-7501-baa7-b472ef5f0215', 'ipAddress', '127.0.0.1', '\x3583291d851ee2cb36e1631de4502f47');
INSERT INTO public.audit_personal VALUES ('01a20550-9730-7501-baa7-b472ef5f0215', 'userAgent', 'Python-urllib/3.11', '\xa9c75085111be1571c55dd7bdfd9cf55');
INSERT INTO public.audit_personal VALUES ('01a20550-9737-7416-9d43-b5794b9f05bf', 'ipAddress', '127.0.0.1', '\x4970ccfcddd714543965572e5b2790c1');
INSERT INTO public.audit_personal VALUES ('01a20550-9737-7416-9d43-b5794b9f05bf', 'userAgent', 'Python-urllib/3.11', '\x9a4aa4195e1a300591573dbf03b2f8ce');
INSERT INTO public.audit_personal VALUES ('01a20550-9742-7775-aec3-d821e8294793', 'ipAddress', '127.0.0.1', '\x8685be3e7745bf3b2ef62999feadcb5c');
INSERT INTO public.audit_personal VALUES ('01a20550-9742-7775-aec3-d821e8294793', 'userAgent', 'Python-urllib/3.11', '\xb2f03c8d0cf6b4df1a0caa7a28bff5bd');
INSERT INTO public.audit_personal VALUES ('01a20550-9748-79f2-8246-e190795bbdbe', 'ipAddress', '127.0.0.1', '\x2b79410f18211b888cf37832c1fb6d39');
INSERT INTO public.audit_personal VALUES ('01a20550-9748-79f2-8246-e190795bbdbe', 'userAgent', 'Python-urllib/3.11', '\x7ded435e081a04dbd193fdfff6ac8f69');
INSERT INTO public.audit_personal VALUES ('01a20550-9751-7943-8de3-3bb6cb71b1f2', 'ipAddress', '127.0.0.1', '\x6e1e6443546afb216aec85eef09e8ce0');
INSERT INTO public.audit_personal VALUES ('01a20550-9751-7943-8de3-3bb6cb71b1f2', 'userAgent', 'Python-urllib/3.11', '\x960774ea90a9015e5ea69a831b2ddeef');
INSERT INTO public.audit_personal VALUES ('01a20550-9758-7fa4-95b7-dc1493c2c907', 'ipAddress', '127.0.0.1', '\x2e659aaa77344e07c8741a38cdf1ab06');
INSERT INTO public.audit_personal VALUES ('01a20550-9758-7fa4-95b7-dc1493c2c907', 'userAgent', 'Python-urllib/3.11', '\xa7d981a23d32c72c4db9be5bc89fa395');
INSERT INTO public.audit_personal VALUES ('01a20550-9762-76b7-83ba-81cdba8b7242', 'ipAddress', '127.0.0.1', '\xc84832ca1e6491763b40571520bdc5c1');
INSERT INTO public.audit_personal VALUES ('01a20550-9762-76b7-83ba-81cdba8b7242', 'userAgent', 'Python-urllib/3.11', '\x16a2a1a2b0042d40ff2a29f9d5cebb10');
INSERT INTO public.audit_personal VALUES ('01a20550-976d-77e7-9973-d3953c563b06', 'ipAddress', '127.0.0.1', '\x1fe65a7273db340e2f2b651b3143e0a9');
INSERT INTO public.audit_personal VALUES ('01a20550-976d-77e7-9973-d3953c563b06', 'userAgent', 'Python-urllib/3.11', '\xc2f3691483ffba911fe08db8ce1609ad');
INSERT INTO public.idempotency_keys VALUES ('L1-ART-001', 'done', '0caebb666baf5bb416cd0a4c1e231441335d33bc5c702ec5721db2ff2147ce1e', '01a20550-96e6-7a24-9b28-43d1266d7f3e', '2026-11-23 22:11:37.318694+00');
INSERT INTO public.idempotency_keys VALUES ('L1-ART-001', 'open', '2a700b3b8b191f8f4a27960894d14c1897d1e9074cc974736084356bf4acb12a', '01a20550-9727-7839-97e3-043b47e951b4', '2026-11-23 22:11:37.383906+00');
INSERT INTO public.idempotency_keys VALUES ('L1-ART-001', 'failed', 'a9a2da55a33e41908f08b18f52b353aebb336f5b7985367dfddd1e5ba2cb64de', '01a20550-9742-773a-aa18-b018c0766fa7', '2026-11-23 22:11:37.410335+00');
INSERT INTO public.idempotency_keys VALUES ('L1-ART-001', 'assigned', '901812dbda979d1158f1fd5208d82181d90949cfe7e85df16a63b38ab371d36c', '01a20550-9758-75a6-9caf-fe679136a953', '2026-11-23 22:11:37.43268+00');
INSERT INTO public.idempotency_keys VALUES ('L1-ART-001', 'cancelled', '16d4add58eaa133727fa1d533eac01f5367ee67abc3cd72dff34c1e811dc5093', '01a20550-9762-7522-8150-d54deecfea18', '2026-11-23 22:11:37.442794+00');
INSERT INTO public.installation VALUES (1, '01a20550-966e-7a27-a569-3dfac318fc58', '2026-11-22 22:11:37.198147+00');
INSERT INTO public.ledger VALUES (0, '01a20550-966e-75cf-850a-81955af42a9a', '\x6982d96dff367369a241a999c8fd0b7ee50e73dbc4440612ec71214346eb25a9');
INSERT INTO public.ledger VALUES (1, '01a20550-966e-7618-a04e-d35d6f3905c7', '\xcb66e94720eb4f02e467487885dcb69c4aef98292b5b380b72e0ba346fb9035f');
INSERT INTO public.ledger VALUES (2, '01a20550-966e-7b75-be28-cf21dab9538e', '\x3e4a2358cbe7a81ebde34cddb11acf7a8cb3c27bb02d6265032327f071f2c208');
INSERT INTO public.ledger VALUES (3, '01a20550-969f-732b-ac13-9d777e0f2b64', '\x4693688163ce2a1fcfb006f6b231989f2f131298c580c87d1a9452762d811883');
INSERT INTO public.ledger VALUES (4, '01a20550-96ac-72c0-92bd-8b294737dace', '\x2376d4052434c8709652ad66b73b0126d38582245a87384356666109179672f8');
INSERT INTO public.ledger VALUES (5, '01a20550-96ac-7d87-951d-34289fa60e19', '\x26a21eb479e2261daff91598eb4624c5ddd0950070084cdaf0c7e46497119c60');
INSERT INTO public.ledger VALUES (6, '01a20550-96ac-7e11-9ffe-147846011421', '\xa4e6d170f6b50a0fe4ac12ba334bd1d1a57eee09ef73baa2f26ba87f60face79');
INSERT INTO public.ledger VALUES (7, '01a20550-96c2-790b-84c5-ba243bba1359', '\x5d4b0f7d9567a730d1213babebb4b4d340c651e7b772e4b2f647d008423744ab');
INSERT INTO public.ledger VALUES (8, '01a20550-96cf-736d-a6e6-803362a4b76a', '\x222a72a28788efd024747b56f656e3ab89da615f66620fd8395e3f4c9db1ddf0');
INSERT INTO public.ledger VALUES (9, '01a20550-96d8-773b-8710-5c30d444b4cc', '\xe5a72612d237e217d467a57fa9f50db199d5adb75e42bde31f659c8c078e43d5');
INSERT INTO public.ledger VALUES (10, '01a20550-96e6-792c-a6ec-3cd11a2ef2f6', '\x11bb9fb4f67099723c4f056cfef613ed8cc4fe6cecdfcd5d42e9b7b972b9b55d');
INSERT INTO public.ledger VALUES (11, '01a20550-96f5-7de1-876a-edb442534593', '\xb8bf7af922ef17011a985f9c259be2f2f9484c5d8a53935ad277f4451a6fcf18');
INSERT INTO public.ledger VALUES (12, '01a20550-970a-7d55-8bd1-264626e72d5f', '\xe305eae45bf1f2b3360fa6640d05013405c6306d44b1c0d74aae32f9761392f0');
INSERT INTO public.ledger VALUES (13, '01a20550-9711-72f5-a369-9a69774191b5', '\xe438a6c78e7ff757fee907a6f4f444012e800484b279fa1c2b96aaa278325807');
INSERT INTO public.ledger VALUES (14, '01a20550-971c-74c8-a8fc-f82d6f6e452a', '\x1944497c1faba9b0b19bd1efb414b6cd3a4eb511a74bc328c60736a10db8aecc');
INSERT INTO public.ledger VALUES (15, '01a20550-9727-7bdf-8af7-b2576f697bb5', '\xc02c41c64a22c0c6c467d7d3e47d7695e7c1770c34a65fc8cb8f0d8e61182333');
INSERT INTO public.ledger VALUES (16, '01a20550-9730-7501-baa7-b472ef5f0215', '\xa64efa657ea289409ccd092af0180f4ae9ef77153dede60629d3cfab482a28c9');
INSERT INTO public.ledger VALUES (17, '01a20550-9737-7416-9d43-b5794b9f05bf', '\xf860e60995b1e48b7e8509671e4c7f2dc2237893dbe4c2201a21d16e3d570252');
INSERT INTO public.ledger VALUES (18, '01a20550-9742-7775-aec3-d821e8294793', '\x0d1194218fc7d991edc95adcf05c3dcf54278e4f576e361b7687881360e0353b');
INSERT INTO public.ledger VALUES (19, '01a20550-9748-79f2-8246-e190795bbdbe', '\x4100e9a351ebe81328c5ff2f16e3732947e5a3efd6b5bd68ae0dcbfc740e54bb');
INSERT INTO public.ledger VALUES (20, '01a20550-9751-7943-8de3-3bb6cb71b1f2', '\x321e05d529954bcb1212d25cc6d18fc34546f4893b7f1d0ff84b172c12203bc2');
INSERT INTO public.ledger VALUES (21, '01a20550-9758-7fa4-95b7-dc1493c2c907', '\x0f40f4070e48e5a95d265bb342534ae9a2b95b927ca7cd865bb8e696ce1d50cb');
INSERT INTO public.ledger VALUES (22, '01a20550-9762-76b7-83ba-81cdba8b7242', '\x6fffc6bc5326f80230240e8c6c3ab7730f178b17086c9b3d5614550d0019d998');
INSERT INTO public.ledger VALUES (23, '01a20550-976d-77e7-9973-d3953c563b06', '\xc62194273b2f38532550aedaf8b0949a0267b4f751d5d5486302f44a4910515a');
INSERT INTO public.seaql_migrations VALUES ('m0001_founding', 1795385497);
INSERT INTO public.sessions VALUES ('01a20550-969f-702a-beaf-9b5a330857fc', 'SYSTEM-001', NULL, '2026-11-22 22:11:37.24701+00', '2026-11-22 23:11:37.24701+00', '2026-11-22 22:11:37.303033+00', NULL, '127.0.0.1');
INSERT INTO public.sessions VALUES ('01a20550-96cf-7866-a43d-a435b0e77082', 'L1-ART-001', 'SYSTEM-001', '2026-11-22 22:11:37.295254+00', '2026-11-22 23:11:37.295254+00', '2026-11-22 22:11:37.451398+00', NULL, '127.0.0.1');
INSERT INTO public.sessions VALUES ('01a20550-96d8-7592-bf01-6e8c9c34d6d2', 'L2-CHAR-001', 'SYSTEM-001', '2026-11-22 22:11:37.30433+00', '2026-11-22 23:11:37.30433+00', '2026-11-22 22:11:37.42278+00', NULL, '127.0.0.1');
INSERT INTO public.signing_keys VALUES ('gHl38a1hFdto7aNcA7Ma8KXRyRnuiz-rOToj8CI8BIY', '\x98869db14c8014b23e9e828136b0b627e1e4f4cc07980181621284e7986349c3', '\x017aa007fd365d39f98fefe385ab7edd4647556eb1f570d524ab43bfccc347787b3f1999d32ae478c0d8e367d676e16148c7f91705e78aae1982c1a9573dded305eef5a2b6a3e23d00', '2026-11-22 22:11:37.198147+00', NULL, NULL);
INSERT INTO public.task_types VALUES ('DRAW', 1, '{"type":"object"}', '{"type":"object"}', false, 0, NULL, NULL, 3, 5, NULL, '2026-11-22 22:11:37.282731+00');
INSERT INTO public.tasks VALUES ('01a20550-96e6-7a24-9b28-43d1266d7f3e', 'DRAW', 1, 'COMPLETED', 1, 'L1-ART-001', 'L2-CHAR-001', 'L1-ART-001', NULL, 0, '{}', '{"what":"done"}', '{"by":"hand"}', '939eee178b1f7df8f05cbb873b7c1d2eb2a17b59ee7cb2dfaa6c155fb9d01e68', NULL, NULL, 0, 1, 0, 3, NULL, 100, NULL, '2026-11-22 22:11:37.318694+00', '2026-11-22 22:11:37.318694+00', '2026-11-22 22:11:37.333487+00', '2026-11-22 22:11:37.354011+00', '2026-11-22 22:11:37.361959+00', '2026-11-22 22:11:37.37288+00', NULL, 39, 4);
INSERT INTO public.tasks VALUES ('01a20550-9727-7839-97e3-043b47e951b4', 'DRAW', 1, 'IN_PROGRESS', 1, 'L1-ART-001', 'L2-CHAR-001', NULL, NULL, 0, '{}', '{"what":"open"}', NULL, NULL, NULL, NULL, 0, 1, 0, 3, NULL, 0, NULL, '2026-11-22 22:11:37.383906+00', '2026-11-22 22:11:37.383906+00', '2026-11-22 22:11:37.392914+00', NULL, NULL, NULL, NULL, NULL, 1);
INSERT INTO public.tasks VALUES ('01a20550-9737-7a8d-85f2-9e3ad39f9b53', 'DRAW', 1, 'ASSIGNED', 1, 'L2-CHAR-001', 'L3-CHAR-POSE-001', NULL, '01a20550-9727-7839-97e3-043b47e951b4', 1, '{}', '{"what":"child"}', NULL, NULL, NULL, NULL, 0, 0, 0, 3, NULL, 0, NULL, '2026-11-22 22:11:37.399554+00', '2026-11-22 22:11:37.399554+00', NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.tasks VALUES ('01a20550-9742-773a-aa18-b018c0766fa7', 'DRAW', 1, 'FAILED', 1, 'L1-ART-001', 'L2-CHAR-001', NULL, NULL, 0, '{}', '{"what":"failed"}', NULL, NULL, 'the brush broke', NULL, 0, 1, 1, 3, NULL, 0, NULL, '2026-11-22 22:11:37.410335+00', '2026-11-22 22:11:37.410335+00', '2026-11-22 22:11:37.416474+00', NULL, NULL, '2026-11-22 22:11:37.425402+00', NULL, 8, 2);
INSERT INTO public.tasks VALUES ('01a20550-9758-75a6-9caf-fe679136a953', 'DRAW', 1, 'ASSIGNED', 1, 'L1-ART-001', 'L2-CHAR-001', NULL, NULL, 0, '{}', '{"what":"assigned"}', NULL, NULL, NULL, NULL, 0, 0, 0, 3, NULL, 0, NULL, '2026-11-22 22:11:37.43268+00', '2026-11-22 22:11:37.43268+00', NULL, NULL, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.tasks VALUES ('01a20550-9762-7522-8150-d54deecfea18', 'DRAW', 1, 'CANCELLED', 1, 'L1-ART-001', 'L2-CHAR-001', NULL, NULL, 0, '{}', '{"what":"cancelled"}', NULL, NULL, NULL, NULL, 0, 0, 0, 3, NULL, 0, NULL, '2026-11-22 22:11:37.442794+00', '2026-11-22 22:11:37.442794+00', NULL, NULL, NULL, '2026-11-22 22:11:37.453634+00', NULL, NULL, 1);
SELECT pg_catalog.setval('public.audit_ordinal', 24, true);
ALTER TABLE ONLY public.agents
    ADD CONSTRAINT agents_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_entries
    ADD CONSTRAINT audit_entries_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_personal
    ADD CONSTRAINT audit_personal_pkey PRIMARY KEY (entry_id, field);
ALTER TABLE ONLY public.audit_queue
    ADD CONSTRAINT audit_queue_pkey PRIMARY KEY (ordinal);
ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (creator_id, key);
ALTER TABLE ONLY public.installation
    ADD CONSTRAINT installation_pkey PRIMARY KEY (singleton);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_entry_id_key UNIQUE (entry_id);
ALTER TABLE ONLY public.ledger
    ADD CONSTRAINT ledger_pkey PRIMARY KEY (sequence);
ALTER TABLE ONLY public.seaql_migrations
    ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);
ALTER TABLE ONLY public.task_types
    ADD CONSTRAINT task_types_pkey PRIMARY KEY (name, version);
ALTER TABLE ONLY public.tasks
    ADD CONSTRAINT tasks_pkey PRIMARY KEY (id);
CREATE INDEX agents_by_supervisor ON public.agents USING btree (supervisor_id, id);
CREATE INDEX agents_by_tier ON public.agents USING btree (tier, id);
CREATE INDEX audit_entries_by_action ON public.audit_entries USING btree (action, ordinal);
CREATE INDEX audit_entries_by_actor ON public.audit_entries USING btree (actor_id, ordinal);
CREATE INDEX audit_entries_by_entity ON public.audit_entries USING btree (entity_id, ordinal);
CREATE UNIQUE INDEX audit_entries_by_ordinal ON public.audit_entries USING btree (ordinal);
CREATE INDEX audit_entries_by_request ON public.audit_entries USING btree (request_id, ordinal);
CREATE INDEX audit_entries_by_session ON public.audit_entries USING btree (session_id, ordinal);
CREATE INDEX audit_entries_by_time ON public.audit_entries USING btree (created_at);
CREATE INDEX idempotency_keys_by_expiry ON public.idempotency_keys USING btree (expires_at);
CREATE INDEX sessions_by_agent ON public.sessions USING btree (agent_id, created_at, id);
CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);
CREATE INDEX tasks_by_assignee ON public.tasks USING btree (assignee_id, created_at, id);
CREATE INDEX tasks_by_creation ON public.tasks USING btree (created_at, id);
CREATE INDEX tasks_by_creator ON public.tasks USING btree (creator_id, created_at, id);
CREATE INDEX tasks_by_parent ON public.tasks USING btree (parent_id, created_at, id);
CREATE INDEX tasks_by_reviewer ON public.tasks USING btree (reviewer_id, created_at, id);
CREATE INDEX tasks_by_status ON public.tasks USING btree (status, created_at, id);
CREATE INDEX tasks_due ON public.tasks USING btree (deadline) WHERE (status = ANY (ARRAY['PENDING'::text, 'ASSIGNED'::text, 'IN_PROGRESS'::text]));
CREATE INDEX tasks_in_progress ON public.tasks USING btree (assignee_id) WHERE (status = 'IN_PROGRESS'::text);
CREATE INDEX tasks_open ON public.tasks USING btree (assignee_id) WHERE (status = ANY (ARRAY['ASSIGNED'::text, 'IN_PROGRESS'::text, 'REVIEW_REQUESTED'::text]));
CREATE INDEX tasks_pending ON public.tasks USING btree (type_name, priority, created_at, id) WHERE (status = 'PENDING'::text);
CREATE TRIGGER audit_entries_insert_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit_entries FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER ledger_insert_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
