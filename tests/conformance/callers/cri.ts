// One call of Kubernetes' container runtime interface, as the kubelet makes it: gRPC on a socket.
//   cri.ts SOCKET METHOD REQUEST    prints the answer; both are JSON with the names of api.proto
import { connect as connectHttp } from "node:http2";
import { connect as connectSocket } from "node:net";

type Scalar = "string" | "bytes" | "number" | "bool";
/** A field: its number in api.proto, and its type: a scalar, or the name of a message. */
type Field = readonly [number: number, type: string, repeated?: "repeated"];
type Message = Readonly<Record<string, Field>>;
type Value = string | number | boolean | Fields | Value[];
interface Fields {
  [name: string]: Value;
}

// Those fields of api.proto (runtime.v1) that the script uses.
const MESSAGES: Readonly<Record<string, Message>> = {
  VersionRequest: {},
  VersionResponse: { runtime_name: [2, "string"], runtime_version: [3, "string"] },
  RunPodSandboxRequest: { config: [1, "PodSandboxConfig"], runtime_handler: [2, "string"] },
  RunPodSandboxResponse: { pod_sandbox_id: [1, "string"] },
  StopPodSandboxRequest: { pod_sandbox_id: [1, "string"] },
  StopPodSandboxResponse: {},
  RemovePodSandboxRequest: { pod_sandbox_id: [1, "string"] },
  RemovePodSandboxResponse: {},
  PodSandboxStatusRequest: { pod_sandbox_id: [1, "string"] },
  PodSandboxStatusResponse: { status: [1, "PodSandboxStatus"] },
  CreateContainerRequest: {
    pod_sandbox_id: [1, "string"],
    config: [2, "ContainerConfig"],
    sandbox_config: [3, "PodSandboxConfig"],
  },
  CreateContainerResponse: { container_id: [1, "string"] },
  StartContainerRequest: { container_id: [1, "string"] },
  StartContainerResponse: {},
  StopContainerRequest: { container_id: [1, "string"], timeout: [2, "number"] },
  StopContainerResponse: {},
  RemoveContainerRequest: { container_id: [1, "string"] },
  RemoveContainerResponse: {},
  ContainerStatusRequest: { container_id: [1, "string"] },
  ContainerStatusResponse: { status: [1, "ContainerStatus"] },
  ContainerStatsRequest: { container_id: [1, "string"] },
  ContainerStatsResponse: { stats: [1, "ContainerStats"] },
  UpdateContainerResourcesRequest: { container_id: [1, "string"], linux: [2, "Resources"] },
  UpdateContainerResourcesResponse: {},
  ExecSyncRequest: {
    container_id: [1, "string"],
    cmd: [2, "string", "repeated"],
    timeout: [3, "number"],
  },
  ExecSyncResponse: { stdout: [1, "bytes"], stderr: [2, "bytes"], exit_code: [3, "number"] },

  PodSandboxConfig: {
    metadata: [1, "PodMetadata"],
    hostname: [2, "string"],
    log_directory: [3, "string"],
    linux: [8, "LinuxPodSandboxConfig"],
  },
  PodMetadata: { name: [1, "string"], uid: [2, "string"], namespace: [3, "string"] },
  LinuxPodSandboxConfig: {
    cgroup_parent: [1, "string"],
    security_context: [2, "SandboxSecurityContext"],
  },
  SandboxSecurityContext: { namespace_options: [1, "NamespaceOption"], seccomp: [9, "Seccomp"] },
  NamespaceOption: { network: [1, "number"], pid: [2, "number"], ipc: [3, "number"] },
  Seccomp: { profile_type: [1, "number"] },
  PodSandboxStatus: { state: [3, "number"], network: [5, "PodNetwork"] },
  PodNetwork: { ip: [1, "string"] },
  ContainerConfig: {
    metadata: [1, "ContainerMetadata"],
    image: [2, "Image"],
    command: [3, "string", "repeated"],
    working_dir: [5, "string"],
    envs: [6, "KeyValue", "repeated"],
    mounts: [7, "Mount", "repeated"],
    log_path: [11, "string"],
    linux: [15, "LinuxContainerConfig"],
  },
  ContainerMetadata: { name: [1, "string"], attempt: [2, "number"] },
  Image: { image: [1, "string"] },
  KeyValue: { key: [1, "string"], value: [2, "string"] },
  Mount: { container_path: [1, "string"], host_path: [2, "string"], readonly: [3, "bool"] },
  LinuxContainerConfig: { resources: [1, "Resources"], security_context: [2, "SecurityContext"] },
  Resources: {
    cpu_period: [1, "number"],
    cpu_quota: [2, "number"],
    cpu_shares: [3, "number"],
    memory_limit_in_bytes: [4, "number"],
  },
  SecurityContext: {
    capabilities: [1, "Capabilities"],
    namespace_options: [3, "NamespaceOption"],
    run_as_user: [5, "Int64Value"],
    readonly_rootfs: [7, "bool"],
    no_new_privs: [11, "bool"],
    seccomp: [15, "Seccomp"],
  },
  Capabilities: { add_capabilities: [1, "string", "repeated"], drop: [2, "string", "repeated"] },
  Int64Value: { value: [1, "number"] },
  ContainerStatus: {
    state: [3, "number"],
    exit_code: [7, "number"],
    reason: [10, "string"],
    message: [11, "string"],
  },
  ContainerStats: { memory: [3, "MemoryUsage"] },
  MemoryUsage: { working_set_bytes: [2, "Int64Value"] },
};

const DEFAULTS: Readonly<Record<Scalar, Value>> = { string: "", bytes: "", number: 0, bool: false };
const isScalar = (type: string): type is Scalar => type in DEFAULTS;
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH = 2;

function fieldsOf(type: string): Message {
  const message = MESSAGES[type];
  if (message === undefined) throw new Error(`no such message: ${type}`);
  return message;
}

function encodeVarint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}

function encode(type: string, fields: Fields): number[] {
  const known = fieldsOf(type);
  return Object.entries(fields).flatMap(([name, value]) => {
    const field = known[name];
    if (field === undefined) throw new Error(`${type} has no field ${name}`);
    return (Array.isArray(value) ? value : [value]).flatMap((one) => encodeField(field, one));
  });
}

function encodeField([number, type]: Field, value: Value): number[] {
  if (type === "number" || type === "bool") {
    return [...encodeVarint((number << 3) | VARINT), ...encodeVarint(Number(value))];
  }
  const bytes =
    typeof value === "object" && !Array.isArray(value)
      ? encode(type, value)
      : [...Buffer.from(String(value))];
  return [...encodeVarint((number << 3) | LENGTH), ...encodeVarint(bytes.length), ...bytes];
}

function decode(type: string, bytes: Buffer): Fields {
  const fields: Fields = {};
  const known = Object.entries(fieldsOf(type));
  for (const [name, [, kind, repeated]] of known) {
    if (repeated) fields[name] = [];
    else if (isScalar(kind)) fields[name] = DEFAULTS[kind];
  }
  let at = 0;
  const readVarint = (): number => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, value));
    }
  };
  while (at < bytes.length) {
    const tag = readVarint();
    const wire = tag & 7;
    const [name, field] = known.find(([, [number]]) => number === tag >>> 3) ?? [];
    let value: Value;
    if (wire === VARINT) value = readVarint();
    else {
      const length = wire === LENGTH ? readVarint() : wire === FIXED_64 ? 8 : 4;
      const part = bytes.subarray(at, (at += length));
      value = field === undefined || isScalar(field[1]) ? part.toString() : decode(field[1], part);
    }
    if (name === undefined || field === undefined) continue;
    const list = fields[name];
    if (Array.isArray(list)) list.push(value);
    else fields[name] = value;
  }
  return fields;
}

/** A gRPC message: a byte that says "not compressed", the length, the bytes. */
function frame(bytes: number[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, Buffer.from(bytes)]);
}

function call(socket: string, method: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const createConnection = () => connectSocket(socket);
    const session = connectHttp("http://localhost", { createConnection });
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": `/runtime.v1.RuntimeService/${method}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const chunks: Buffer[] = [];
    let status: unknown;
    let message: unknown;
    const note = (headers: Readonly<Record<string, unknown>>) => {
      status = headers["grpc-status"] ?? status;
      message = headers["grpc-message"] ?? message;
    };
    stream.on("response", note);
    stream.on("trailers", note);
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", reject);
    stream.on("end", () => {
      session.close();
      if (status === "0") resolve(Buffer.concat(chunks).subarray(5));
      else reject(new Error(`${method}: ${decodeURIComponent(String(message))}`));
    });
    stream.end(request);
  });
}

const [socket = "", method = "", request = "{}"] = process.argv.slice(2);
try {
  const answer = await call(socket, method, frame(encode(`${method}Request`, JSON.parse(request))));
  console.log(JSON.stringify(decode(`${method}Response`, answer)));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
