@agents @registration
Feature: Registering agents
  Operators take agents into the fleet, one by one or by the thousand. An agent's id says its rank, and its secret is shown
  once.

  Background:
    Given the studio

  @R1.07
  Rule: Registering is the control center's work, for one or for many

    @R2.01
    Scenario: A new agent is shown its secret and can log in with it
      When the operator registers L3-CHAR-LIGHT-001 under L2-CHAR-001
      Then the request succeeds
      And L3-CHAR-LIGHT-001 can log in with the secret that was shown
      And L3-CHAR-LIGHT-001 reports to L2-CHAR-001
      And L3-CHAR-LIGHT-001 is ACTIVE

    Scenario: A whole line is registered in one call
      When the operator registers these agents:
        | id                 | supervisor  |
        | L1-CODE-001        |             |
        | L2-BUILD-001       | L1-CODE-001 |
        | L3-BUILD-LINT-001  | L2-BUILD-001 |
        | L3-BUILD-TEST-001  | L2-BUILD-001 |
      Then the request succeeds
      And L3-BUILD-TEST-001 reports to L2-BUILD-001
      And L2-BUILD-001 reports to L1-CODE-001

    Scenario: One faulty line spoils the whole list, and each fault is named by its line
      When the operator registers these agents:
        | id                 | supervisor    |
        | L2-PROP-001        | L1-ART-001    |
        | L3-PROP-SWORD-001  | L1-ART-001    |
        | L3-PROP-SHIELD-001 | L2-PROP-001   |
        | L3-PROP-CROWN-001  | L2-NOBODY-001 |
      Then it is refused with BAD_USER_INPUT
      And the faults name the lines 2 and 4
      And there is no agent L2-PROP-001
      And there is no agent L3-PROP-SHIELD-001

    Scenario: The same id twice in one list is a fault
      When the operator registers these agents:
        | id          | supervisor |
        | L2-PROP-001 | L1-ART-001 |
        | L2-PROP-001 | L1-ART-001 |
      Then it is refused
      And there is no agent L2-PROP-001

  @R1.02
  Rule: An id says the tier, and a supervisor stands one above

    Scenario Outline: An id must say the agent's tier and be well formed
      When the operator registers an agent of tier <tier> with the id "<id>"
      Then it is refused with BAD_USER_INPUT

      Examples:
        | tier   | id          | why                         |
        | L3     | L2-CHAR-009 | it names another tier       |
        | L3     | CHAR-009    | it names no tier            |
        | L3     | L3CHAR009   | the dash is missing         |
        | L3     | L3-char-009 | small letters               |
        | L3     | L3-CHAR_009 | an underscore               |
        | L3     | L3 CHAR 009 | blanks                      |
        | L1     |             | there is nothing            |
        | SYSTEM | L1-CHAR-009 | it names another tier       |

    Scenario: An id of 65 characters is too long
      When the operator registers an agent of tier L1 with an id of 65 characters
      Then it is refused with BAD_USER_INPUT

    @alone
    Scenario: An id of 64 characters is not too long
      When the operator registers an agent of tier L1 with an id of 64 characters
      Then the request succeeds

    Scenario Outline: A supervisor stands exactly one tier above
      When the operator registers <agent> under <supervisor>
      Then it is refused with BAD_USER_INPUT

      Examples:
        | agent             | supervisor        |
        | L3-CHAR-LIGHT-001 | ARTEMIS           |
        | L3-CHAR-LIGHT-001 | L3-CHAR-POSE-001  |
        | L2-PROP-001       | L2-CHAR-001       |
        | L2-PROP-001       | the operator      |
        | L1-CODE-001       | the operator      |
        | L1-CODE-001       | ARTEMIS           |
        | SYSTEM-002        | the operator      |

    Scenario Outline: Specialists and micro-agents need a supervisor
      When the operator registers <agent>
      Then it is refused with BAD_USER_INPUT

      Examples:
        | agent             |
        | L2-PROP-001       |
        | L3-CHAR-LIGHT-001 |

    Scenario: A supervisor must exist
      When the operator registers L3-CHAR-LIGHT-001 under L2-NOBODY-001
      Then it is refused
      And there is no agent L3-CHAR-LIGHT-001

    Scenario: An id is given once
      When the operator registers L3-CHAR-POSE-001 under L2-CHAR-001
      Then it is refused with BAD_USER_INPUT
      And the refusal mentions "registered already"

  @R1.03
  Rule: A tier is the ceiling of what an agent may do

    Scenario Outline: Who is given nothing in particular may do all that its tier may
      When the operator registers <agent> under its usual supervisor
      Then <agent> holds exactly <permissions>

      Examples:
        | agent             | permissions                                                                                                                                                                                                                             |
        | L3-CHAR-LIGHT-001 | EXECUTE_TASK and REPORT_STATUS                                                                                                                                                                                                          |
        | L2-PROP-001       | EXECUTE_TASK, REPORT_STATUS, DELEGATE_TO_L3, AGGREGATE_L3_RESULTS and REQUEST_L1_REVIEW                                                                                                                                                  |
        | L1-CODE-001       | EXECUTE_TASK, REPORT_STATUS, DELEGATE_TO_L3, AGGREGATE_L3_RESULTS, REQUEST_L1_REVIEW, DELEGATE_TO_L2, APPROVE_ASSET, MODIFY_PIPELINE and CREATE_WORKFLOW                                                                                  |
        | SYSTEM-002        | EXECUTE_TASK, REPORT_STATUS, DELEGATE_TO_L3, AGGREGATE_L3_RESULTS, REQUEST_L1_REVIEW, DELEGATE_TO_L2, APPROVE_ASSET, MODIFY_PIPELINE, CREATE_WORKFLOW, MANAGE_AGENTS, MODIFY_PERMISSIONS and ACCESS_AUDIT_LOGS                            |

    Scenario: An agent can be given less than its tier's ceiling
      When the operator registers L2-PROP-001 under ARTEMIS with only EXECUTE_TASK and DELEGATE_TO_L3
      Then L2-PROP-001 holds exactly EXECUTE_TASK and DELEGATE_TO_L3

    Scenario Outline: No agent is given more than its tier's ceiling
      When the operator registers <agent> under its usual supervisor with only <permission>
      Then it is refused with BAD_USER_INPUT
      And there is no agent <agent>

      Examples:
        | agent             | permission        |
        | L3-CHAR-LIGHT-001 | DELEGATE_TO_L3    |
        | L3-CHAR-LIGHT-001 | REQUEST_L1_REVIEW |
        | L2-PROP-001       | DELEGATE_TO_L2    |
        | L2-PROP-001       | APPROVE_ASSET     |
        | L1-CODE-001       | MANAGE_AGENTS     |
        | L1-CODE-001       | ACCESS_AUDIT_LOGS |

  @R1.08
  Rule: Nobody gives more than they have

    Scenario: An operator without MODIFY_PERMISSIONS gives no more than it holds
      Given the operator registers SYSTEM-002 with only MANAGE_AGENTS and EXECUTE_TASK
      When SYSTEM-002 registers L3-CHAR-LIGHT-001 under L2-CHAR-001
      Then it is refused with FORBIDDEN
      When SYSTEM-002 registers L3-CHAR-LIGHT-001 under L2-CHAR-001 with only EXECUTE_TASK
      Then the request succeeds
