@assets @review
Feature: Judging and deleting assets
  Directors judge pictures that others made, once, and say what they judged. What is deleted leaves its record and no bytes.

  Background:
    Given the studio

  @R4.03 @R6.04
  Scenario: A director approves a picture, and its maker is told
    Given L2-CHAR-001 has made the fox picture
    When ARTEMIS approves the fox picture
    Then the fox picture is APPROVED
    And the last thing that L2-CHAR-001 was told says "L1-ART-001 approved your asset"
    And the audit log has an entry ASSET_APPROVED by ARTEMIS about the fox picture

  @R4.03
  Scenario: A director rejects a picture and says why
    Given L2-CHAR-001 has made the fox picture
    When ARTEMIS rejects the fox picture
    Then it is refused with BAD_USER_INPUT
    When ARTEMIS rejects the fox picture because "more fox"
    Then the fox picture is REJECTED
    And the fox picture was reviewed by ARTEMIS, who said "more fox"

  @R4.03
  Scenario: A picture is judged once
    Given L2-CHAR-001 has made the fox picture
    And ARTEMIS approves the fox picture
    When the operator rejects the fox picture because "on second thought"
    Then it is refused with INVALID_TRANSITION
    And the fox picture is APPROVED

  @R4.03
  Scenario: Nobody judges its own work
    Given ARTEMIS has made the poster picture
    When ARTEMIS approves the poster picture
    Then it is refused with FORBIDDEN
    When ORPHEUS approves the poster picture
    Then the poster picture is APPROVED

  @R4.03
  Scenario: Specialists do not judge, nor does a director without APPROVE_ASSET
    Given L2-CHAR-001 has made the fox picture
    And the operator takes APPROVE_ASSET from ARTEMIS
    When L2-CHAR-001 approves the fox picture
    Then it is refused with FORBIDDEN
    When ARTEMIS approves the fox picture
    Then it is refused with FORBIDDEN

  @R4.03
  Scenario: A judgement on other bytes does not hold
    Given L2-CHAR-001 has made the fox picture
    And L2-CHAR-001 registers the goose picture
    And L2-CHAR-001 uploads "a goose" as the goose picture
    When ARTEMIS approves the fox picture as that of the goose picture
    Then it is refused with CONFLICT
    When ARTEMIS approves the fox picture as that of the fox picture
    Then the fox picture is APPROVED

  @R4.03
  Scenario: What is not there is not approved
    Given L2-CHAR-001 registers the fox picture
    When ARTEMIS approves the fox picture
    Then it is refused with CONFLICT

  @R4.03
  Scenario: Deleting leaves the record and takes the bytes
    Given L2-CHAR-001 has made the fox picture
    And L2-CHAR-001 has made the goose picture
    When ARTEMIS deletes the fox picture because "no foxes this year"
    Then the fox picture is DELETED
    And the server keeps the bytes of one picture
    And the audit log has an entry ASSET_DELETED by ARTEMIS about the fox picture
    When L2-CHAR-001 downloads the fox picture
    Then it is refused with NOT_FOUND
    When the operator deletes the fox picture because "to be sure"
    Then it is refused with INVALID_TRANSITION

  @R4.03
  Scenario: Specialists delete nothing, not even their own
    Given L2-CHAR-001 has made the fox picture
    When L2-CHAR-001 deletes the fox picture because "I can do better"
    Then it is refused with FORBIDDEN
    And the server keeps the bytes of one picture

  @R3.11
  Scenario: An output names pictures of its own task whose bytes are there
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 registers the fox picture of the portrait task
    When L2-CHAR-001 completes the portrait task with the fox picture in its output
    Then it is refused with BAD_USER_INPUT
    And the refusal points to "/output/picture" and the rule "asset"
    When L2-CHAR-001 uploads "a fox" as the fox picture
    And L2-CHAR-001 completes the portrait task with the fox picture in its output
    Then the portrait task is COMPLETED

  @R3.11
  Scenario: An output does not name the picture of another task
    Given the portrait task of L2-CHAR-001 is IN_PROGRESS
    And the poster task of L2-CHAR-001 is IN_PROGRESS
    And L2-CHAR-001 has made the fox picture of the poster task
    When L2-CHAR-001 completes the portrait task with the fox picture in its output
    Then it is refused with BAD_USER_INPUT
