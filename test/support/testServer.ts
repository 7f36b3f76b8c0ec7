/** The server as the API, command line and client tests start it. */

export { startTestServer, type TestServer } from "./testNode.js";
