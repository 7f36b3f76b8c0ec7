/** The workflow that this client submits: one task for each country, then one that sums up. Misspelt fields do not compile. */

import type { WorkflowDefinitionInput } from "./generated/graphql.js";

export const definition: WorkflowDefinitionInput = {
  name: "density-of-borders",
  groups: [
    {
      name: "measure",
      tasks: [{
        name: "countries",
        handler: "transform",
        expansion: { array: { country: "atlas" }, identifier: "{{ country.cca3 }}", maxParallel: 50 },
        input: { data: "{{ country }}", expression: '{ "name": name.common, "neighbours": $count(borders) }' },
      }],
    },
    {
      name: "summary",
      tasks: [{
        name: "summary",
        handler: "transform",
        input: {
          data: "{{ countries }}",
          expression: '{ "countries": $count($), "islands": $count($[neighbours = 0]), "mostNeighbours": $^(>neighbours)[0].name }',
        },
      }],
    },
  ],
};
