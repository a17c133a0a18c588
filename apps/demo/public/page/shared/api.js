/**
 * Sends a request to the server. Errors carry the server's message.
 *
 * @param {unknown} [body] - JSON, or a form
 */
export async function ask(method, path, body) {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
    method,
    ...(body !== undefined && {
      body: isForm ? body : JSON.stringify(body),
      headers: isForm ? {} : { 'content-type': 'application/json' },
    }),
  });
  if (!response.ok) {
    throw new Error(await reasonOf(response));
  }
  return response.status === 204 ? undefined : response.json();
}

/** The message of an error response. */
export async function reasonOf(response) {
  const { message } = await response.json().catch(() => ({}));
  return [message ?? `The server says ${response.status}`].flat().join('; ');
}
