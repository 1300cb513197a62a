@running @assets @process
Feature: Where the bytes of assets are kept
  In a folder that one server has for itself, or that all replicas share and say so.

  @R4.02 @R10.01
  Scenario: What was uploaded survives a kill
    Given the server is started
    And the operator has made the fox picture
    When the server is killed and started again
    And the operator downloads the fox picture
    Then it gets "a fox"

  @R4.02
  Scenario: Replicas refuse a folder that is not declared shared, and say what to do
    When ziggie is started with "serve --database-url postgres://nobody@127.0.0.1:9/nothing"
    Then it does not start, and mentions "asset_folder_shared = true"
