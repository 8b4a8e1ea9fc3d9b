// Commands and questions over HTTP. Every failure becomes an ApiError with a sentence a person can read.
const OFFLINE = "The server cannot be reached right now. Nothing is lost; please try again.";
const BROKEN = "The server could not answer. Please try again in a moment.";

export class ApiError extends Error {
  constructor(status, { code = "unknown", message = BROKEN, details = {} } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details ?? {};
  }
}

export const get = (path) => request("GET", path);
export const post = (path, body = {}) => request("POST", path, body);
export const patch = (path, body) => request("PATCH", path, body);
export const remove = (path) => request("DELETE", path);

async function request(method, path, body) {
  const response = await attempt(method, path, body);
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, answer?.error);
  return answer;
}

async function attempt(method, path, body) {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
  } catch {
    throw new ApiError(0, { code: "offline", message: OFFLINE });
  }
}

/** Send a file; `onPart` hears how much of it is there, from 0 to 1. `stop` ends it. */
export function upload(path, file, onPart) {
  const sending = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    sending.upload.onprogress = (event) => onPart(event.lengthComputable ? event.loaded / event.total : 0);
    sending.onload = () => (sending.status === 201 ? resolve(sending.response) : reject(new ApiError(sending.status, sending.response?.error)));
    sending.onerror = () => reject(new ApiError(0, { code: "offline", message: OFFLINE }));
    sending.onabort = () => reject(new ApiError(0, { code: "stopped", message: "Stopped." }));
  });
  sending.open("POST", path);
  sending.responseType = "json";
  sending.setRequestHeader("X-CSRFToken", csrfToken());
  const form = new FormData();
  form.append("file", file, file.name);
  sending.send(form);
  return { done, stop: () => sending.abort() };
}

function csrfToken() {
  // Our own pages carry it in their head, the admin's in their forms.
  return document.querySelector('meta[name="csrf-token"]')?.content ?? document.querySelector('[name="csrfmiddlewaretoken"]')?.value ?? "";
}

/** A name for one message, made here so that sending it twice cannot make two. */
export function newClientId() {
  if (globalThis.crypto?.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
